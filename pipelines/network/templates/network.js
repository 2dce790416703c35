(function () {
  "use strict";
  var root = document.getElementById("network-view");
  var data = JSON.parse(root.querySelector("script[type='application/json']").textContent);
  var nodes = data.nodes, edges = data.edges, colours = data.colours;
  var canvas = root.querySelector("canvas"), pen = canvas.getContext("2d");
  var side = root.querySelector("aside"), search = root.querySelector("input[type=search]");
  var count = root.querySelector(".count");
  var boxes = Array.prototype.slice.call(root.querySelectorAll("input[type=checkbox]"));
  var scale = 1, left = 0, top = 0, pinned = -1, over = -1, shown = [], lines = [], match = null;
  nodes.forEach(function (node) { node.ties = []; node.low = (node.n + " " + node.a).toLowerCase(); });
  edges.forEach(function (edge, at) { nodes[edge.f].ties.push(at); nodes[edge.g].ties.push(at); });
  function radius(node) { return node.u > 0 ? Math.min(4 + Math.log10(1 + node.u / 1e4) * 2.2, 15) : 4.2; }
  function text(tag, value, name) {
    var piece = document.createElement(tag); piece.textContent = value;
    if (name) { piece.className = name; } return piece;
  }
  function choose() {
    var wanted = {}, alone = false;
    boxes.forEach(function (box) {
      if (box.value === "alone") { alone = box.checked; } else { wanted[box.value] = box.checked; }
    });
    lines = edges.filter(function (edge) { return wanted[edge.s]; });
    var tied = {};
    lines.forEach(function (edge) { tied[edge.f] = true; tied[edge.g] = true; });
    shown = [];
    nodes.forEach(function (node, at) {
      node.on = !!tied[at] || (alone && node.ties.length === 0);
      if (node.on) { shown.push(at); }
    });
    var query = search.value.trim().toLowerCase();
    match = null;
    if (query) {
      match = {};
      shown.forEach(function (at) { if (nodes[at].low.indexOf(query) >= 0) { match[at] = true; } });
    }
    var hits = match ? Object.keys(match).length : shown.length;
    count.textContent = hits + (match ? " found" : " parties, " + lines.length + " relations");
    draw(); if (pinned < 0) { list(); }
  }
  function fit() {
    var box = canvas.getBoundingClientRect(), dots = window.devicePixelRatio || 1;
    canvas.width = box.width * dots; canvas.height = box.height * dots;
    var lowX = Infinity, highX = -Infinity;
    nodes.forEach(function (node) { lowX = Math.min(lowX, node.x); highX = Math.max(highX, node.x); });
    if (!isFinite(lowX)) { lowX = 0; highX = 1; }
    scale = Math.min((box.width - 130) / (highX - lowX + 1), (box.height - 30) / 1000);
    left = 20 - lowX * scale; top = 15;
    stretch = Math.max((box.width - 150) / ((highX - lowX + 1) * scale), 1);
    draw();
  }
  var stretch = 1;
  function px(node) { return node.x * scale * stretch + left; }
  function py(node) { return node.y * scale + top; }
  function near(at) {
    var set = {}; set[at] = true;
    nodes[at].ties.forEach(function (tie) { set[edges[tie].f] = true; set[edges[tie].g] = true; });
    return set;
  }
  function draw() {
    var dots = window.devicePixelRatio || 1, focus = over >= 0 ? over : pinned;
    var lit = focus >= 0 ? near(focus) : match;
    pen.setTransform(dots, 0, 0, dots, 0, 0);
    pen.clearRect(0, 0, canvas.width, canvas.height);
    lines.forEach(function (edge) {
      var a = nodes[edge.f], b = nodes[edge.g];
      var hot = focus >= 0 ? (edge.f === focus || edge.g === focus) : (!match || match[edge.f] || match[edge.g]);
      pen.globalAlpha = hot ? (focus >= 0 ? 0.9 : 0.28) : 0.05;
      pen.strokeStyle = hot && focus >= 0 ? "#b4552d" : "#777";
      pen.lineWidth = 0.5 + edge.p;
      var x1 = px(a), y1 = py(a), x2 = px(b), y2 = py(b), mid = (x1 + x2) / 2;
      pen.beginPath(); pen.moveTo(x1, y1);
      if (Math.abs(x2 - x1) < 30) { pen.quadraticCurveTo(mid + 34, (y1 + y2) / 2, x2, y2); }
      else { pen.bezierCurveTo(mid, y1, mid, y2, x2, y2); }
      pen.stroke();
    });
    shown.forEach(function (at) {
      var node = nodes[at], hot = !lit || lit[at], size = radius(node) * Math.max(Math.min(scale, 1.6), 0.6);
      pen.globalAlpha = hot ? 1 : 0.13;
      pen.beginPath(); pen.arc(px(node), py(node), size, 0, 7);
      pen.fillStyle = colours[node.s] || "#999"; pen.fill();
      if (node.d) {
        pen.beginPath(); pen.arc(px(node), py(node), size + 2, 0, 7);
        pen.lineWidth = 1; pen.strokeStyle = "#d02020"; pen.stroke();
      }
    });
    pen.globalAlpha = 1; pen.fillStyle = "#222"; pen.font = "11px system-ui, sans-serif"; pen.textBaseline = "middle";
    var taken = [], named = shown.filter(function (at) { return !lit || lit[at]; });
    named.sort(function (a, b) {
      return (b === focus) - (a === focus) || nodes[b].u - nodes[a].u || nodes[b].ties.length - nodes[a].ties.length;
    });
    var most = lit ? 90 : 70;
    for (var place = 0; place < named.length && most > 0; place += 1) {
      var node = nodes[named[place]], x = px(node) + radius(node) + 3, y = py(node);
      var label = node.n.length > 34 ? node.n.slice(0, 33) + "…" : node.n;
      var wide = label.length * 5.8;
      if (x + wide > canvas.clientWidth - 4) { x = px(node) - radius(node) - 3 - wide; }
      var free = !taken.some(function (t) { return Math.abs(t[1] - y) < 11 && x < t[0] + t[2] && t[0] < x + wide; });
      if (free) {
        pen.globalAlpha = 0.75; pen.fillStyle = "#fff"; pen.fillRect(x - 1, y - 6, wide, 12);
        pen.globalAlpha = 1; pen.fillStyle = "#222"; pen.fillText(label, x, y);
        taken.push([x, y, wide]); most -= 1;
      }
    }
  }
  function statements(rows) {
    var items = document.createElement("ul");
    rows.forEach(function (row) {
      var item = document.createElement("li");
      item.appendChild(text("b", row[0] + " · " + row[1]));
      item.appendChild(document.createTextNode(" " + row[2] + ", " + row[3] + ", " + row[4] + " "));
      if (/^https?:\/\//.test(row[5])) {
        var link = text("a", "source"); link.href = row[5]; link.rel = "noopener noreferrer nofollow"; link.target = "_blank";
        item.appendChild(link);
      }
      if (row[6]) { item.appendChild(text("span", " contested", "contested")); }
      items.appendChild(item);
    });
    return items;
  }
  function jump(at) {
    var button = text("button", nodes[at].n); button.type = "button";
    button.addEventListener("click", function () { pinned = at; tell(at); draw(); });
    return button;
  }
  function tell(at) {
    var node = nodes[at];
    side.textContent = "";
    side.appendChild(text("h4", node.n));
    side.appendChild(text("div", [node.t, node.s, node.c, node.b && "bank tier: " + node.b, node.d ? "designated" : ""].filter(Boolean).join(" · "), "soft"));
    if (node.a) { side.appendChild(text("div", "also: " + node.a.split(";").join(", "), "soft")); }
    if (node.u > 0) { side.appendChild(text("div", "about USD " + node.u.toLocaleString("en") + " attributed over all years (mean; parties on one trail share dollars)")); }
    node.i.forEach(function (line) { side.appendChild(text("div", line)); });
    side.appendChild(statements(node.q));
    node.ties.forEach(function (tie) {
      var edge = edges[tie], out = nodes[edge.f] === node, row = document.createElement("div");
      row.appendChild(text("b", out ? edge.r + " → " : edge.r + " ← "));
      row.appendChild(jump(out ? edge.g : edge.f));
      row.appendChild(text("span", " (" + edge.s.replace("_", " ") + ", p " + edge.p.toFixed(2) + ")", "soft"));
      side.appendChild(row); side.appendChild(statements(edge.q));
    });
  }
  function list() {
    var rows = (match ? shown.filter(function (at) { return match[at]; }) : shown.slice());
    rows.sort(function (a, b) { return nodes[b].u - nodes[a].u || nodes[b].ties.length - nodes[a].ties.length; });
    side.textContent = "";
    side.appendChild(text("div", "Named by an official does not mean guilty. Largest first:", "soft"));
    rows.slice(0, 200).forEach(function (at) {
      var row = document.createElement("div"); row.appendChild(jump(at));
      row.appendChild(text("span", " " + nodes[at].s + (nodes[at].u > 0 ? ", USD " + nodes[at].u.toLocaleString("en") : ""), "soft"));
      side.appendChild(row);
    });
  }
  function find(event) {
    var box = canvas.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
    var best = -1, least = 144;
    shown.forEach(function (at) {
      var dx = px(nodes[at]) - x, dy = py(nodes[at]) - y, far = dx * dx + dy * dy;
      if (far < least) { least = far; best = at; }
    });
    return best;
  }
  var drag = null;
  canvas.addEventListener("pointerdown", function (event) { drag = [event.clientX, event.clientY, false]; canvas.setPointerCapture(event.pointerId); });
  canvas.addEventListener("pointermove", function (event) {
    if (drag) {
      var dx = event.clientX - drag[0], dy = event.clientY - drag[1];
      if (drag[2] || Math.abs(dx) + Math.abs(dy) > 4) { left += dx; top += dy; drag = [event.clientX, event.clientY, true]; draw(); }
      return;
    }
    var at = find(event);
    if (at !== over) { over = at; if (at >= 0) { tell(at); } else if (pinned >= 0) { tell(pinned); } else { list(); } draw(); }
  });
  canvas.addEventListener("pointerup", function (event) {
    if (drag && !drag[2]) { pinned = find(event); if (pinned >= 0) { tell(pinned); } else { list(); } draw(); }
    drag = null;
  });
  canvas.addEventListener("pointerleave", function () { over = -1; drag = null; draw(); });
  canvas.addEventListener("wheel", function (event) {
    event.preventDefault();
    var box = canvas.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
    var by = Math.exp(-event.deltaY * 0.0015), next = Math.min(Math.max(scale * by, 0.15), 12);
    by = next / scale; scale = next; left = x - (x - left) * by; top = y - (y - top) * by; draw();
  }, { passive: false });
  search.addEventListener("input", function () { pinned = -1; choose(); });
  boxes.forEach(function (box) { box.addEventListener("change", choose); });
  root.querySelector(".bar button").addEventListener("click", function () {
    search.value = ""; pinned = -1; boxes.forEach(function (box) { box.checked = box.value !== "alone"; }); choose(); fit();
  });
  window.addEventListener("resize", fit);
  choose(); fit();
})();
