(function () {
  "use strict";
  // what a chart says at the pointer or at the arrow keys
  document.querySelectorAll("figure.chart").forEach(function (figure) {
    var tip = figure.querySelector(".tip");
    figure.querySelectorAll("svg.wide, svg.narrow").forEach(function (svg) {
      var hits = Array.prototype.slice.call(svg.querySelectorAll(".hit")), at = -1;
      function show(place) {
        if (at >= 0) { hits[at].classList.remove("on"); }
        at = place;
        if (at < 0) { tip.textContent = ""; return; }
        hits[at].classList.add("on");
        tip.textContent = hits[at].getAttribute("data-tip");
      }
      hits.forEach(function (hit, place) {
        hit.addEventListener("pointerenter", function () { show(place); });
        hit.addEventListener("click", function () { show(place); });
      });
      svg.addEventListener("pointerleave", function () { show(-1); });
      svg.addEventListener("keydown", function (event) {
        var step = { ArrowRight: 1, ArrowLeft: -1 }[event.key], last = hits.length - 1;
        if (event.key === "Home") { show(0); } else if (event.key === "End") { show(last); }
        else if (event.key === "Escape") { show(-1); }
        else if (step) { show(at < 0 ? (step > 0 ? 0 : last) : Math.min(Math.max(at + step, 0), last)); }
        else { return; }
        event.preventDefault();
      });
    });
  });
  // a chart taken along as it stands: its title above, who made it below
  var paper = "http://www.w3.org/2000/svg", foot = document.querySelector("footer");
  function picture(figure) {
    var shown = Array.prototype.find.call(figure.querySelectorAll("svg.wide, svg.narrow"), function (svg) { return getComputedStyle(svg).display !== "none"; });
    var inner = shown.cloneNode(true), box = shown.viewBox.baseVal, whole = document.createElementNS(paper, "svg");
    var were = shown.querySelectorAll("g[class^=scale-]");
    inner.querySelectorAll("g[class^=scale-]").forEach(function (group, at) {
      if (getComputedStyle(were[at]).display === "none") { group.remove(); } else { group.removeAttribute("display"); }
    });
    inner.querySelectorAll(".hit").forEach(function (hit) { hit.remove(); });
    function line(text, y, size, weight) {
      var one = document.createElementNS(paper, "text");
      one.textContent = text;
      Object.entries({ x: 8, y: y, "font-size": size, "font-weight": weight, fill: "#1c1c1c", "font-family": "system-ui, sans-serif" }).forEach(function (pair) { one.setAttribute(pair[0], pair[1]); });
      if (text.length * size * 0.56 > box.width - 16) { one.setAttribute("textLength", box.width - 16); one.setAttribute("lengthAdjust", "spacingAndGlyphs"); }
      whole.append(one);
    }
    var heads = figure.querySelectorAll("figcaption p"), tall = box.height + 70;
    whole.setAttribute("xmlns", paper);
    whole.setAttribute("width", box.width); whole.setAttribute("height", tall); whole.setAttribute("viewBox", "0 0 " + box.width + " " + tall);
    var ground = document.createElementNS(paper, "rect");
    ground.setAttribute("width", "100%"); ground.setAttribute("height", "100%"); ground.setAttribute("fill", "#fff"); whole.append(ground);
    line(heads[0].textContent, 20, 15, 700);
    if (heads[1]) { line(heads[1].textContent, 38, 12, 400); }
    inner.setAttribute("y", 46); inner.setAttribute("height", box.height); inner.setAttribute("width", box.width); whole.append(inner);
    line(foot.textContent.trim().split("\n")[0] + " " + foot.dataset.licence + ".", tall - 8, 10, 400);
    return { text: new XMLSerializer().serializeToString(whole), width: box.width, height: tall };
  }
  function save(address, name) {
    var link = document.createElement("a");
    link.href = address; link.download = name;
    document.body.append(link); link.click(); link.remove();
  }
  document.querySelectorAll("figure.chart .take").forEach(function (take) {
    var figure = take.closest("figure"), name = figure.id.slice("chart-".length), field = take.querySelector(".embed");
    take.querySelectorAll("[hidden]").forEach(function (one) { one.hidden = false; });
    field.value = '<iframe src="' + location.href.split(/[?#]/)[0] + "?chart=" + name + '" width="700" height="560" title="DPRK Revenue"></iframe>';
    field.addEventListener("focus", function () { field.select(); });
    take.querySelectorAll("button").forEach(function (button) {
      button.addEventListener("click", function () {
        var made = picture(figure), address = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(made.text);
        if (button.dataset.as === "svg") { save(address, name + ".svg"); return; }
        var image = new Image();
        image.addEventListener("load", function () {
          var canvas = document.createElement("canvas");
          canvas.width = made.width * 2; canvas.height = made.height * 2;
          canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
          save(canvas.toDataURL("image/png"), name + ".png");
        });
        image.src = address;
      });
    });
  });
  // one chart alone, for another page's frame
  var alone = document.getElementById("chart-" + new URLSearchParams(location.search).get("chart"));
  if (alone) {
    document.documentElement.classList.add("alone");
    for (var up = alone; up !== document.body; up = up.parentElement) {
      Array.prototype.forEach.call(up.parentElement.children, function (other) {
        if (other !== up && other.tagName !== "SCRIPT" && other.tagName !== "FOOTER") { other.hidden = true; }
      });
    }
  }
  // boxes that search the rows after them
  document.querySelectorAll("input.find").forEach(function (box) {
    var rows = document.getElementById(box.getAttribute("data-rows")).querySelectorAll("tbody tr, .entry");
    var told = document.createElement("span");
    told.setAttribute("role", "status");
    told.className = "soft";
    box.after(told);
    box.hidden = false;
    box.addEventListener("input", function () {
      var wanted = box.value.toLowerCase(), found = 0;
      rows.forEach(function (row) {
        row.hidden = !row.textContent.toLowerCase().includes(wanted);
        if (!row.hidden) { found += 1; }
      });
      told.textContent = wanted ? found + " found" : "";
    });
  });
  // a link into a fold opens it
  function open() {
    var place = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    var fold = place && place.closest("details");
    if (fold) { fold.open = true; place.scrollIntoView(); }
  }
  window.addEventListener("hashchange", open);
  open();
  // print shows what is folded
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("main details:not([open])").forEach(function (fold) {
      fold.open = true; fold.setAttribute("data-was", "shut");
    });
  });
  window.addEventListener("afterprint", function () {
    document.querySelectorAll("details[data-was]").forEach(function (fold) {
      fold.open = false; fold.removeAttribute("data-was");
    });
  });
}());
