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
