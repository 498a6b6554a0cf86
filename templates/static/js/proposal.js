// The live proposal: a ticked option changes the total at once (the server counts), a reader is counted after a few seconds.
(function () {
  "use strict";
  var script = document.currentScript;
  var form = document.getElementById("selection");
  var latest = 0;

  function address() {
    var query = new URLSearchParams(new FormData(form)).toString();
    return window.location.pathname + "?" + (query || "option=");
  }

  function replace(page) {
    document.querySelectorAll("[data-live]").forEach(function (old) {
      var fresh = page.querySelector('[data-live="' + old.dataset.live + '"]');
      if (fresh) old.replaceChildren.apply(old, Array.from(document.importNode(fresh, true).childNodes));
    });
    form.querySelectorAll("input[type=checkbox]").forEach(function (box) {
      var fresh = page.getElementById(box.id);
      if (fresh) box.checked = fresh.checked;
    });
  }

  function recount() {
    var turn = (latest += 1);
    var where = address();
    fetch(where, { credentials: "same-origin", headers: { Accept: "text/html" } }).then(function (answer) {
      if (!answer.ok) throw new Error(String(answer.status));
      return answer.text();
    }).then(function (text) {
      if (turn !== latest) return;
      replace(new DOMParser().parseFromString(text, "text/html"));
      window.history.replaceState(null, "", where);
    }).catch(function () {
      if (turn === latest) form.submit();
    });
  }

  if (form && window.fetch && window.DOMParser) {
    document.documentElement.classList.add("scripted");
    form.addEventListener("change", recount);
  }
  var problems = document.getElementById("problems");
  // Browsers that know autofocus on any element have done it by the first frame.
  if (problems) window.requestAnimationFrame(function () { if (document.activeElement !== problems) problems.focus(); });

  function seen() {
    var body = new URLSearchParams({ version: script.dataset.version });
    fetch(script.dataset.views, { method: "POST", body: body, credentials: "same-origin", keepalive: true }).catch(function () {});
  }
  var dwell = 0;
  var clock = window.setInterval(function () {
    if (document.visibilityState !== "visible") return;
    dwell += 1;
    if (dwell < 5) return;
    window.clearInterval(clock);
    seen();
  }, 1000);
})();
