(function () {
  "use strict";
  const data = JSON.parse(document.getElementById("data").textContent);
  const nodes = data.nodes, edges = data.edges, legal = new Set(data.legal);
  const byId = new Map(nodes.map((node, at) => [node.id, at]));
  const get = (id) => document.getElementById(id);
  const form = get("filters"), panel = get("panel"), graph = get("graph");
  const FILTERS = ["q", "country", "type", "stream", "year", "status"], KEYS = [...FILTERS, "day", "near"];
  const FIRST = get("questions").querySelector("a").getAttribute("href").slice(1);
  // first day of an address typed by hand may be anything: only a whole date counts
  const isDay = (text) => /^\d{4}-\d{2}-\d{2}$/.test(text || "");
  nodes.forEach((node) => { node.ties = []; node.low = (node.n + " " + node.a).toLowerCase(); });
  edges.forEach((edge, at) => { nodes[edge.f].ties.push(at); nodes[edge.g].ties.push(at); });

  function make(tag, text, name) {
    const piece = document.createElement(tag);
    if (text !== undefined) { piece.textContent = text; }
    if (name) { piece.className = name; }
    return piece;
  }
  function draw(tag, attributes, parent) {
    const piece = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(attributes)) { piece.setAttribute(key, value); }
    if (parent) { parent.appendChild(piece); }
    return piece;
  }
  const words = (text) => text.replace(/_/g, " ");
  const who = (authority) => data.authorities[authority] || authority;
  const million = (usd) => usd >= 5e3 ? (usd / 1e6).toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 }) : "<0.01";

  // ---- the address is the state -------------------------------------------------------------
  function read() {
    let given = new URLSearchParams(location.hash.slice(1));
    if (![...FILTERS, "all", "party"].some((key) => given.has(key))) {
      const first = new URLSearchParams(FIRST);
      given.forEach((value, key) => first.set(key, value));
      given = first;
    }
    return given;
  }
  function address(changes) {
    const next = new URLSearchParams(read());
    for (const [key, value] of Object.entries(changes)) {
      if (value) { next.set(key, value); } else { next.delete(key); }
    }
    return "#" + next.toString();
  }

  // ---- what stood on a day ------------------------------------------------------------------
  const known = (rows, day) => rows.filter((row) => row[3] <= day);
  const over = (row, day) => row[7] !== undefined && row[7] <= day;
  const inForce = (row, day) => legal.has(row[0]) && row[3] <= day && !over(row, day);
  function standing(node, day) {
    const groups = new Map();
    known(node.q, day).forEach((row) => {
      const word = over(row, day) ? words(row[0]) + ", " + row[8] + " " + row[7] : words(row[0]);
      if (!groups.has(word)) { groups.set(word, { by: new Set(), force: inForce(row, day), ended: over(row, day) }); }
      groups.get(word).by.add(row[1]);
    });
    return [...groups].sort((a, b) => b[1].force - a[1].force || a[1].ended - b[1].ended)
      .map(([word, group]) => ({ text: word + ": " + [...group.by].map(who).join(", "), ended: group.ended }));
  }
  function hasStatus(node, wanted, day) {
    const force = node.q.filter((row) => inForce(row, day));
    if (wanted === "any") { return force.length > 0; }
    if (wanted === "none") { return force.length === 0; }
    return force.some((row) => row[0] === wanted) || node.q.some((row) => over(row, day) && row[8] === wanted);
  }
  function dollars(node, view) {
    return node.u.reduce((sum, row) => (!view.year || row[1] === view.year) && (!view.stream || row[0] === view.stream) ? sum + row[2] : sum, 0);
  }
  function spans(edge, year) {
    const [from, to] = edge.y;
    return (from === null && to === null) || ((from === null || from <= year) && (to === null || to >= year));
  }

  // ---- which parties and relations an address shows ---------------------------------------
  function choose(given) {
    const view = {
      given, day: isDay(given.get("day")) ? given.get("day") : data.asOf,
      year: Number(given.get("year")) || 0, stream: given.get("stream") || "",
      party: byId.has(given.get("party")) ? byId.get(given.get("party")) : -1,
      to: byId.has(given.get("to")) ? byId.get(given.get("to")) : -1,
    };
    const stands = (node) => node.d <= view.day;
    const near = given.get("near") === "0" ? 0 : given.get("near") === "2" ? 2 : 1;
    const countries = (given.get("country") || "").split(".").filter(Boolean);
    const query = (given.get("q") || "").trim().toLowerCase(), type = given.get("type"), status = given.get("status");
    const filtered = FILTERS.some((key) => given.get(key)) || given.has("all");
    view.open = edges.map((edge) => edge.d <= view.day);
    const wanted = edges.map((edge, at) => view.open[at] && (!view.stream || edge.s === view.stream) && (!view.year || spans(edge, view.year)));
    view.core = new Set();
    if (filtered) {
      nodes.forEach((node, at) => {
        if (stands(node) && (!countries.length || countries.includes(node.c)) && (!type || node.t === type)
          && (!status || hasStatus(node, status, view.day)) && (!query || node.low.includes(query))
          && (!(view.stream || view.year) || node.ties.some((tie) => wanted[tie]) || dollars(node, view) > 0)) { view.core.add(at); }
      });
    }
    if (view.party >= 0 && !stands(nodes[view.party])) { view.early = nodes[view.party]; view.party = -1; }
    if (view.party >= 0 && view.to >= 0) {
      // nearly everyone is two steps from everyone by way of the state: say that only where nothing else is known
      view.path = shortest(view, true);
      if (!view.path.found) { view.path = shortest(view, false); }
    }
    const seeds = new Set(view.core);
    if (view.party >= 0) { seeds.add(view.party); }
    view.shown = new Set(seeds);
    let edge_of = new Set(seeds);
    for (let step = 0; step < Math.max(near, view.party >= 0 ? 1 : 0); step += 1) {
      const next = new Set();
      (near > step ? edge_of : new Set([view.party])).forEach((at) => nodes[at].ties.forEach((tie) => {
        const other = edges[tie].f === at ? edges[tie].g : edges[tie].f;
        if ((wanted[tie] || (at === view.party && view.open[tie])) && !view.shown.has(other)) { next.add(other); }
      }));
      next.forEach((at) => view.shown.add(at));
      edge_of = next;
    }
    if (view.path) { view.path.steps.forEach((step) => { view.shown.add(step.from); view.shown.add(step.to); }); }
    const along = new Set(view.path ? view.path.steps.map((step) => step.tie) : []);
    view.lines = edges.map((_, at) => at).filter((at) => {
      const edge = edges[at];
      return view.shown.has(edge.f) && view.shown.has(edge.g)
        && (along.has(at) || wanted[at] || (view.open[at] && (edge.f === view.party || edge.g === view.party)));
    });
    view.along = along;
    return view;
  }
  // fewest relations between two parties, either way along each, and how many chains are as short
  function shortest(view, aroundTheState) {
    const far = new Map([[view.party, 0]]), back = new Map(), ways = new Map([[view.party, 1]]);
    let rim = [view.party];
    while (rim.length && !far.has(view.to)) {
      const next = [];
      rim.forEach((at) => {
        if (aroundTheState && at !== view.party && nodes[at].s === "regime") { return; }
        const others = new Map();
        nodes[at].ties.filter((tie) => view.open[tie]).forEach((tie) => {
          const other = edges[tie].f === at ? edges[tie].g : edges[tie].f;
          if (!others.has(other)) { others.set(other, tie); }
        });
        others.forEach((tie, other) => {
          if (!far.has(other)) { far.set(other, far.get(at) + 1); back.set(other, [at, tie]); ways.set(other, 0); next.push(other); }
          if (far.get(other) === far.get(at) + 1) { ways.set(other, ways.get(other) + ways.get(at)); }
        });
      });
      rim = next;
    }
    const steps = [];
    if (far.has(view.to)) {
      for (let at = view.to; at !== view.party; at = back.get(at)[0]) {
        steps.unshift({ from: back.get(at)[0], to: at, tie: back.get(at)[1] });
      }
    }
    return { found: far.has(view.to), steps, ways: ways.get(view.to) || 0, around: aroundTheState };
  }

  // ---- statements ---------------------------------------------------------------------------
  function source(url, parent) {
    if (!/^https?:\/\//.test(url)) { return; }
    const link = make("a", "read there");
    link.href = url; link.rel = "noopener noreferrer nofollow";
    parent.append(" ", link);
  }
  function statement(row, day) {
    const item = make("li");
    item.append(make("b", words(row[0])), " by " + who(row[1]) + ", " + row[2] + ": " + data.documents[row[4]][0] + (row[5] ? ", " + row[5] : ""));
    source(data.documents[row[4]][1], item);
    if (over(row, day)) {
      const end = make("span", " " + row[8] + " " + row[7] + " by " + who(row[9]) + (row[10] ? ": " + row[10] : ""), "ended");
      source(row[11], end); item.append(end);
    } else if (legal.has(row[0])) { item.append(" · in force on the day"); }
    if (row[6]) { item.append(make("span", " · contested", "contested")); }
    return item;
  }
  function statements(rows, day) {
    const list = make("ul");
    known(rows, day).forEach((row) => list.append(statement(row, day)));
    return list;
  }
  function link(at, changes) {
    const one = make("a", nodes[at].n);
    one.href = address(Object.assign({ party: nodes[at].id, to: "" }, changes));
    return one;
  }
  function stated(node) { return [node.t.toLowerCase(), data.countries[node.c] || node.c].filter(Boolean).join(", "); }

  // ---- the lists: the graph's equal ---------------------------------------------------------
  function listParties(view) {
    const body = get("parties").tBodies[0];
    body.textContent = "";
    get("standing").textContent = "Standing on " + view.day;
    get("dollars").textContent = "USD m, " + (view.year || "all years");
    view.order.forEach((at) => {
      const node = nodes[at], row = body.insertRow(), near = !view.core.has(at) && at !== view.party;
      if (near) { row.className = "near"; }
      if (at === view.party) { row.setAttribute("aria-current", "true"); }
      const name = row.insertCell();
      name.append(link(at), make("span", stated(node) + (near ? " · neighbor" : ""), "soft"));
      const cell = row.insertCell(), acts = standing(node, view.day);
      acts.forEach((act, place) => cell.append(place ? "; " : "", make("span", act.text, act.ended ? "ended" : "")));
      if (!acts.length) { cell.textContent = "nothing stated of it alone"; }
      const usd = row.insertCell(); usd.className = "number"; usd.textContent = node.usd > 0 ? million(node.usd) : "";
    });
  }
  function listRelations(view) {
    const body = get("relations").tBodies[0];
    body.textContent = "";
    view.lines.forEach((at) => {
      const edge = edges[at], row = body.insertRow();
      row.insertCell().append(link(edge.f));
      row.insertCell().textContent = edge.r + " →";
      row.insertCell().append(link(edge.g));
      row.insertCell().textContent = data.streams[edge.s] || edge.s;
      row.insertCell().append(statements(edge.q, view.day));
    });
  }

  // ---- the panel of one party ---------------------------------------------------------------
  function table(caption, heads, rows) {
    const whole = make("table"), head = whole.createTHead().insertRow(), body = whole.createTBody();
    whole.append(make("caption", caption));
    heads.forEach((text, place) => { const cell = make("th", text); cell.scope = "col"; if (place > 1) { cell.className = "number"; } head.append(cell); });
    rows.forEach((cells) => {
      const row = body.insertRow();
      cells.forEach((cell, place) => { const one = row.insertCell(); one.append(cell); if (place > 1) { one.className = "number"; } });
    });
    return whole;
  }
  function bar(share) {
    const picture = draw("svg", { viewBox: "0 0 100 10", width: 100, height: 10, class: "bar", "aria-hidden": "true" });
    draw("rect", { width: Math.max(share * 100, 0.5), height: 10, class: "t-Company" }, picture);
    return picture;
  }
  function showPanel(view) {
    panel.textContent = "";
    panel.hidden = view.party < 0;
    if (panel.hidden) { return; }
    const node = nodes[view.party], day = view.day;
    const title = make("h2", node.n); title.tabIndex = -1; panel.append(title);
    const facts = [stated(node), node.s === "regime" ? "state body" : node.s, node.b && "bank tier: " + words(node.b)].filter(Boolean);
    panel.append(make("p", facts.join(" · "), "soft"));
    if (node.a) { panel.append(make("p", "also: " + node.a.split(";").join(", "), "soft")); }
    if (node.o) { panel.append(make("p", node.o)); }
    const close = make("a", "close"); close.href = address({ party: "", to: "" });
    panel.append(close, " · ", Object.assign(make("a", "address of this view"), { href: address({ day }) }));
    panel.append(make("h3", "What is stated of it, as of " + day));
    const own = known(node.q, day);
    panel.append(own.length ? statements(node.q, day) : make("p", "Nothing is stated of it alone; see its relations."));
    panel.append(pathForm(view));
    if (view.path) { panel.append(...pathText(view)); }
    if (node.u.length) {
      const most = Math.max(...node.u.map((row) => row[2]));
      panel.append(table("USD m placed on it by year (estimate: mean and 90% interval; parties on one trail share dollars)", ["Year", "Stream", "Mean", "90% interval", "Beside the largest"],
        node.u.map((row) => [String(row[1]), data.streams[row[0]] || row[0], million(row[2]), million(row[3]) + " to " + million(row[4]), bar(row[2] / most)])));
    }
    if (node.e.length) {
      panel.append(table("USD m at this bank by year: a channel, never an end", ["Year", "Stream", "Documented", "Shared with others, never add", "May have passed, mean"],
        node.e.map((row) => [String(row[1]), data.streams[row[0]] || row[0], ...row.slice(2).map((usd) => usd ? million(usd) : "")])));
    }
    const sums = node.m.filter((sum) => sum[7][3] <= day);
    if (sums.length) {
      panel.append(make("h3", "Sums as documents state them"));
      const list = make("ul");
      sums.forEach((sum) => {
        const item = make("li", sum[1] + " USD " + sum[0].toLocaleString("en") + ", " + sum[3] + ", " + sum[4] + " to " + sum[5]
          + (sum[2] > 1 ? ", of " + sum[2] + " parties together" : "") + (sum[6] ? "; " + sum[6] : ""));
        const inner = make("ul"); inner.append(statement(sum[7], day)); item.append(inner); list.append(item);
      });
      panel.append(list);
    }
    const ties = node.ties.filter((tie) => view.open[tie]);
    panel.append(make("h3", ties.length + (ties.length === 1 ? " relation" : " relations")));
    ties.forEach((tie) => {
      const edge = edges[tie], out = edge.f === view.party, line = make("p");
      line.append(make("b", (out ? edge.r + " → " : edge.r + " ← ")), link(out ? edge.g : edge.f),
        make("span", " (" + (data.streams[edge.s] || edge.s) + "; probability " + edge.p.toFixed(2) + " from " + edge.w + (edge.w === 1 ? " witness)" : " witnesses)"), "soft"));
      panel.append(line, statements(edge.q, day));
    });
  }
  function pathForm(view) {
    const ask = make("form"), label = make("label", "Path from here to "), field = make("input"), go = make("button", "find");
    const names = make("datalist"); names.id = "names";
    nodes.forEach((node) => { if (node.d <= view.day) { names.append(Object.assign(make("option"), { value: node.n })); } });
    field.setAttribute("list", "names"); field.name = "to"; go.type = "submit";
    if (view.to >= 0) { field.value = nodes[view.to].n; }
    label.append(field); ask.append(label, " ", go, names);
    const told = make("span", "", "ended"); told.setAttribute("role", "status"); ask.append(" ", told);
    ask.addEventListener("submit", (event) => {
      event.preventDefault();
      const typed = field.value.trim().toLowerCase();
      const found = nodes.find((node) => node.n.toLowerCase() === typed) || (typed && nodes.find((node) => node.low.includes(typed)));
      if (found) { location.hash = address({ to: found.id }); } else { told.textContent = "no party of that name"; }
    });
    return ask;
  }
  function pathText(view) {
    const end = nodes[view.to].n;
    if (view.to === view.party) { return [make("p", "That is the same party.")]; }
    if (!view.path.found) { return [make("p", "No chain of stated relations leads from here to " + end + " on " + view.day + ".")]; }
    const count = view.path.steps.length, list = make("ol"); list.id = "path";
    view.path.steps.forEach((step) => {
      const edge = edges[step.tie], item = make("li");
      item.append(link(edge.f), " ", make("b", edge.r + " →"), " ", link(edge.g), statements(edge.q, view.day));
      list.append(item);
    });
    return [make("p", count + (count === 1 ? " relation" : " relations") + " to " + end + (view.path.around ? "" : ", by way of state bodies only") + (view.path.ways > 1 ? ", one of " + view.path.ways + " chains as short" : "")
      + ". Each step is stated by itself; nobody states the chain, and it says nothing of what its ends know of each other."), list];
  }

  // ---- the graph ----------------------------------------------------------------------------
  const MARKS = { Person: "M0-6A6 6 0 1 1 0 6A6 6 0 1 1 0-6Z", Company: "M-5.5-5.5H5.5V5.5H-5.5Z", Bank: "M0-7.5 7.5 0 0 7.5-7.5 0Z", Vessel: "M-7-4.5H7L0 7Z", Organization: "M0-7 7 5.5H-7Z" };
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = "12px system-ui, sans-serif";
  const LINE = 13;
  const frame = { scale: 1, left: 0, top: 0 };
  let view = null, places = new Map(), pieces = new Map(), lines = [];
  // a name in lines that fit beside a mark; what three lines do not hold is in the title and the list
  function folded(name) {
    const lines = [""];
    name.split(" ").forEach((word) => {
      const last = lines[lines.length - 1];
      if (last && last.length + word.length > 23) { lines.push(word); } else { lines[lines.length - 1] = last ? last + " " + word : word; }
    });
    return lines.length > 3 ? [lines[0], lines[1], lines[2] + " …"] : lines;
  }
  // many marks are drawn smaller, so that some names find room between them
  function size(node) {
    return (view.order.length < 120 ? 1 : 0.6) * (node.usd > 0 ? Math.min(1 + Math.log10(1 + node.usd / 1e5) * 0.35, 2.4) : 1);
  }
  // The whole graph was laid out when the page was made; a view takes its parties' order from there,
  // across and down, and spreads them evenly. Many stand in rows, with room for names between them.
  function settle() {
    const along = (axis) => (a, b) => nodes[a].p[axis] - nodes[b].p[axis] || a - b;
    const share = (place, all) => all.length > 1 ? place / (all.length - 1) : 0.5;
    const down = [...view.order].sort(along(1));
    places = new Map();
    if (down.length < 120) {
      const across = new Map([...view.order].sort(along(0)).map((at, place, all) => [at, share(place, all)]));
      down.forEach((at, place, all) => places.set(at, [across.get(at), share(place, all)]));
      return;
    }
    const rows = Math.max(Math.floor((graph.getBoundingClientRect().height - 50) / (down.length > 600 ? 26 : 40)), 2), each = Math.ceil(down.length / rows);
    for (let row = 0; row * each < down.length; row += 1) {
      down.slice(row * each, (row + 1) * each).sort(along(0)).forEach((at, place, all) => places.set(at, [share(place, all), row / (rows - 1)]));
    }
  }
  function fit() {
    const box = graph.getBoundingClientRect(), side = Math.min(90, box.width / 6);
    Object.assign(frame, { scale: 1, left: side, top: 25, x: Math.max(box.width - 2 * side, 50), y: Math.max(box.height - 50, 50) });
  }
  const spot = (at) => { const [x, y] = places.get(at); return [x * frame.x * frame.scale + frame.left, y * frame.y * frame.scale + frame.top]; };
  function paint() {
    const focus = view.party;
    graph.textContent = ""; pieces = new Map();
    const defs = draw("defs", {}, graph), tip = draw("marker", { id: "tip", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" }, defs);
    draw("path", { d: "M0 0 8 4 0 8Z", fill: "#777" }, tip);
    const under = draw("g", {}, graph);
    lines = view.lines.map((at) => {
      const hot = view.along.size ? view.along.has(at) : focus >= 0 && (edges[at].f === focus || edges[at].g === focus);
      const line = draw("path", { class: "tie" + (hot ? " hot" : focus >= 0 ? " dim" : ""), "marker-end": "url(#tip)" }, under);
      draw("title", {}, line).textContent = nodes[edges[at].f].n + " " + edges[at].r + " → " + nodes[edges[at].g].n;
      return [at, line];
    });
    view.order.forEach((at) => {
      const node = nodes[at], names = ["t-" + node.t];
      const acts = standing(node, view.day).map((act) => act.text).join("; ");
      const one = draw("a", { href: address({ party: node.id, to: "" }), tabindex: -1, class: at === focus ? "here" : view.core.has(at) ? "" : "near", "aria-label": node.n + ", " + stated(node) + (acts ? ": " + acts : ""), "data-at": at }, graph);
      draw("path", { d: MARKS[node.t] || MARKS.Company, class: "mark " + names.join(" "), transform: "scale(" + size(node).toFixed(2) + ")" }, one);
      if (node.q.some((row) => row[0] === "designated" && inForce(row, view.day))) { draw("circle", { class: "ring", r: (9 * size(node)).toFixed(1) }, one); }
      draw("title", {}, one).textContent = node.n;
      const label = draw("text", { "aria-hidden": "true" }, one);
      if (node.lines === undefined) {
        node.lines = folded(node.n);
        node.wide = Math.max(...node.lines.map((line) => pen.measureText(line).width)) * 1.06 + 4;
      }
      node.lines.forEach((line, place) => { draw("tspan", { x: 0, dy: place ? LINE : 0 }, label).textContent = line; });
      pieces.set(at, { one, label });
    });
    const first = pieces.get(focus >= 0 ? focus : view.order[0]);
    if (first) { first.one.setAttribute("tabindex", 0); }
    arrange();
  }
  // names stand where they meet no other name and no mark, or wait until there is room
  function arrange() {
    const box = graph.getBoundingClientRect(), taken = [], cell = 60, grid = new Map();
    const keys = (x0, y0, x1, y1) => { const out = []; for (let a = Math.floor(x0 / cell); a <= Math.floor(x1 / cell); a += 1) { for (let b = Math.floor(y0 / cell); b <= Math.floor(y1 / cell); b += 1) { out.push(a + "," + b); } } return out; };
    function put(rect) { keys(...rect).forEach((key) => { if (!grid.has(key)) { grid.set(key, []); } grid.get(key).push(rect); }); }
    const free = (rect) => keys(...rect).every((key) => (grid.get(key) || []).every((other) => rect[2] <= other[0] || other[2] <= rect[0] || rect[3] <= other[1] || other[3] <= rect[1]));
    const at_of = new Map(view.order.map((at) => [at, spot(at)]));
    at_of.forEach(([x, y], at) => { const r = 7 * size(nodes[at]); put([x - r, y - r, x + r, y + r]); });
    lines.forEach(([at, line]) => {
      const [x1, y1] = at_of.get(edges[at].f), [x2, y2] = at_of.get(edges[at].g), far = Math.hypot(x2 - x1, y2 - y1) || 1, off = Math.min(11 * size(nodes[edges[at].g]), far / 2);
      line.setAttribute("d", "M" + x1.toFixed(1) + " " + y1.toFixed(1) + "L" + (x2 - (x2 - x1) / far * off).toFixed(1) + " " + (y2 - (y2 - y1) / far * off).toFixed(1));
    });
    const rank = (at) => (at === view.party ? 4 : 0) + (view.along.size && view.path.steps.some((step) => step.from === at || step.to === at) ? 2 : 0) + (view.core.has(at) ? 1 : 0);
    [...view.order].sort((a, b) => rank(b) - rank(a) || nodes[b].usd - nodes[a].usd || nodes[b].ties.length - nodes[a].ties.length).forEach((at) => {
      const [x, y] = at_of.get(at), { one, label } = pieces.get(at), wide = nodes[at].wide * (at === view.party ? 1.15 : 1), r = 10 * size(nodes[at]);
      one.setAttribute("transform", "translate(" + x.toFixed(1) + " " + y.toFixed(1) + ")");
      const tall = nodes[at].lines.length * LINE + 2;
      const tries = [[r, -tall / 2], [-r - wide, -tall / 2], [-wide / 2, 7 * size(nodes[at]) + 1], [-wide / 2, -r - tall + 2], [r, 4], [-r - wide, 4], [r, -tall - 3], [-r - wide, -tall - 3]];
      const good = tries.find(([dx, dy]) => x + dx > 0 && x + dx + wide < box.width && y + dy > 0 && y + dy + tall < box.height && free([x + dx, y + dy, x + dx + wide, y + dy + tall]));
      label.setAttribute("visibility", good ? "visible" : "hidden");
      if (good) { label.setAttribute("transform", "translate(" + (good[0] + 2).toFixed(1) + " " + (good[1] + 11.5).toFixed(1) + ")"); put([x + good[0], y + good[1], x + good[0] + wide, y + good[1] + tall]); }
    });
  }
  function zoom(by, x, y) {
    const next = Math.min(Math.max(frame.scale * by, 0.3), 20), ratio = next / frame.scale, box = graph.getBoundingClientRect();
    const cx = x === undefined ? box.width / 2 : x, cy = y === undefined ? box.height / 2 : y;
    frame.scale = next; frame.left = cx - (cx - frame.left) * ratio; frame.top = cy - (cy - frame.top) * ratio;
    arrange();
  }
  document.querySelectorAll("[data-zoom]").forEach((button) => button.addEventListener("click", () => {
    if (button.dataset.zoom === "fit") { fit(); arrange(); } else { zoom(button.dataset.zoom === "in" ? 1.5 : 1 / 1.5); }
  }));
  graph.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) { return; }
    event.preventDefault();
    const box = graph.getBoundingClientRect();
    zoom(Math.exp(-event.deltaY * 0.002), event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });
  let drag = null, moved = false;
  graph.addEventListener("pointerdown", (event) => { drag = event.pointerType === "mouse" ? [event.clientX, event.clientY] : null; moved = false; });
  window.addEventListener("pointermove", (event) => {
    if (!drag) { return; }
    const dx = event.clientX - drag[0], dy = event.clientY - drag[1];
    if (!moved && Math.abs(dx) + Math.abs(dy) < 5) { return; }
    moved = true; frame.left += dx; frame.top += dy; drag = [event.clientX, event.clientY]; arrange();
  });
  window.addEventListener("pointerup", () => { drag = null; });
  graph.addEventListener("dragstart", (event) => event.preventDefault());
  graph.addEventListener("click", (event) => { if (moved) { event.preventDefault(); } }, true);
  graph.addEventListener("keydown", (event) => {
    const from = event.target.closest("a");
    if (event.key === "Escape") { location.hash = address({ party: "", to: "" }); return; }
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!way || !from) { return; }
    event.preventDefault();
    const here = Number(from.dataset.at), [x, y] = spot(here);
    let best = -1, least = Infinity;
    view.order.forEach((at) => {
      if (at === here) { return; }
      const [a, b] = spot(at), along = (a - x) * way[0] + (b - y) * way[1], aside = Math.abs((a - x) * way[1]) + Math.abs((b - y) * way[0]);
      if (along > 0 && along + 2.5 * aside < least) { least = along + 2.5 * aside; best = at; }
    });
    if (best >= 0) { from.setAttribute("tabindex", -1); const next = pieces.get(best).one; next.setAttribute("tabindex", 0); next.focus(); }
  });
  window.addEventListener("resize", () => { if (view) { fit(); arrange(); } });
  Object.keys(MARKS).forEach((type) => {
    const entry = make("span"), picture = draw("svg", { viewBox: "-9 -9 18 18", "aria-hidden": "true" }, entry);
    draw("path", { d: MARKS[type], class: "t-" + type }, picture);
    entry.append(" " + type.toLowerCase()); get("legend").append(entry);
  });
  get("legend").append("ring: designated on the day · hollow: neighbor · size: dollars placed · arrow: as the relation reads");

  // ---- all together -------------------------------------------------------------------------
  function tell(given) {
    const said = [], few = new Set([...view.core, ...(view.party >= 0 ? [view.party] : [])]).size;
    if (given.get("party") && view.party < 0) {
      said.push(view.early ? view.early.n + " was not named in public by " + view.day + "." : "This address names a party that is not in this release: " + given.get("party") + ".");
    }
    if (given.get("to") && view.to < 0) { said.push("This address leads to a party that is not in this release: " + given.get("to") + "."); }
    if (given.get("day") && !isDay(given.get("day"))) { said.push("The day of this address is no date; shown as of " + view.day + "."); }
    said.push(view.order.length ? few + (few === 1 ? " party, " : " parties, ") + (view.order.length - few) + " around, " + view.lines.length + " relations, as of " + view.day + "."
      : "No party fits these filters on " + view.day + "; choose another or begin with a question above.");
    if (view.year) { said.push("Relations without a stated period are kept."); }
    if (view.day < data.asOf) { said.push("Dollars are those of this release, whatever the day."); }
    get("said").textContent = said.join(" ");
  }
  let last = null;
  function show() {
    const given = read(), before = view;
    KEYS.forEach((key) => { form.elements[key].value = key === "day" ? (isDay(given.get(key)) ? given.get(key) : data.asOf) : given.get(key) || ""; });
    view = choose(given);
    nodes.forEach((node) => { node.usd = dollars(node, view); });
    view.order = [...view.shown].sort((a, b) => (b === view.party) - (a === view.party) || view.core.has(b) - view.core.has(a) || nodes[b].usd - nodes[a].usd || nodes[b].ties.length - nodes[a].ties.length || a - b);
    document.querySelectorAll("#questions a").forEach((one) => {
      if (one.getAttribute("href").slice(1) === given.toString()) { one.setAttribute("aria-current", "true"); } else { one.removeAttribute("aria-current"); }
    });
    const named = view.party >= 0 ? nodes[view.party].n : "";
    document.title = (named ? named + ": " : "") + "the network: DPRK Revenue";
    tell(given); showPanel(view); listParties(view); listRelations(view);
    const same = view.order.slice().sort().join() + "|" + view.lines.join();
    if (same !== last) { settle(); fit(); last = same; }
    paint();
    if (before && view.party >= 0 && before.party !== view.party) { panel.querySelector("h2").focus(); panel.scrollIntoView({ block: "nearest" }); }
  }
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", (event) => {
    const one = event.target, value = one.name === "day" && one.value === data.asOf ? "" : one.value;
    const next = new URLSearchParams(address({ [one.name]: value, all: "" }).slice(1));
    // an address without any filter would be the first question again
    if (!FILTERS.some((key) => next.has(key))) { next.set("all", "1"); }
    const bare = "#" + next;
    if (one.name === "q") { history.replaceState(null, "", bare); show(); } else { location.hash = bare; }
  });
  window.addEventListener("hashchange", show);
  show();
})();
