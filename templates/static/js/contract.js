// The contract, made comfortable: a pasted code loses its spaces, a form is sent once. Everything works without it.
(function () {
  "use strict";
  var problems = document.getElementById("problems");
  // Browsers that know autofocus on any element have done it by the first frame.
  if (problems) window.requestAnimationFrame(function () { if (document.activeElement !== problems) problems.focus(); });

  var code = document.getElementById("f-code");
  // Fonts and styles come after the focus and make the contract longer or shorter: until the reader moves, its place is held.
  var place = problems || code;
  function hold() {
    if (place === document.activeElement) place.scrollIntoView({ block: "center", behavior: "instant" });
  }
  if (place && window.ResizeObserver) {
    var watch = new ResizeObserver(hold);
    var free = function () { watch.disconnect(); place.removeEventListener("focus", hold); };
    watch.observe(document.body);
    place.addEventListener("focus", hold);
    ["wheel", "touchstart", "pointerdown", "keydown"].forEach(function (moved) { window.addEventListener(moved, free, { once: true, passive: true }); });
    window.setTimeout(free, 5000);
  }

  if (code) code.addEventListener("paste", function (event) {
    var digits = (event.clipboardData ? event.clipboardData.getData("text") : "").replace(/\D/g, "").slice(0, 6);
    if (!digits) return;
    event.preventDefault();
    code.value = digits;
  });

  document.querySelectorAll("main form").forEach(function (form) {
    var sent = false;
    form.addEventListener("submit", function (event) {
      if (sent) event.preventDefault();
      sent = true;
      window.setTimeout(function () { sent = false; }, 8000);
    });
    // Who comes back by the browser's button may send again, and so may who waited in vain.
    window.addEventListener("pageshow", function () { sent = false; });
  });
})();
