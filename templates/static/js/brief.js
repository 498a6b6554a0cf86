// The questionnaire, made comfortable: saves while you type, hides questions that do not apply. Everything works without it.
(function () {
  "use strict";
  var form = document.getElementById("brief");
  if (!form || !window.fetch || !window.FormData) return;
  document.documentElement.classList.add("scripted");
  var said = document.getElementById("saved");
  var timer = 0;
  var changes = 0;
  var leaving = false;

  function given(name) {
    var values = [];
    form.querySelectorAll('[name="' + CSS.escape(name) + '"]').forEach(function (field) {
      if (field.closest("[hidden]")) return;
      if ((field.type === "radio" || field.type === "checkbox") && !field.checked) return;
      if (field.value) values.push(field.value);
    });
    return values;
  }

  function among(values, wanted) {
    return values.some(function (value) { return wanted.indexOf(value) !== -1; });
  }

  function applies(rule) {
    var values = given("q_" + rule.question);
    if (rule.any.length && !among(values, rule.any)) return false;
    if (among(values, rule.none)) return false;
    if (rule.answered !== null && rule.answered !== values.length > 0) return false;
    if (rule.at_least === null && rule.at_most === null) return true;
    var number = values.length ? Number(values[0].replace(",", ".")) : NaN;
    return !isNaN(number) && (rule.at_least === null || number >= rule.at_least) && (rule.at_most === null || number <= rule.at_most);
  }

  function show() {
    form.querySelectorAll("[data-shown-if]").forEach(function (question) {
      question.hidden = !applies(JSON.parse(question.dataset.shownIf));
    });
  }

  function draft() {
    var body = new FormData();
    new FormData(form).forEach(function (value, name) {
      if (typeof value === "string") body.append(name, value);
    });
    return body;
  }

  function save() {
    var upTo = changes;
    said.textContent = "Saving …";
    fetch(form.dataset.draft, { method: "POST", body: draft(), credentials: "same-origin" }).then(function (answer) {
      if (!answer.ok) throw new Error(String(answer.status));
      var now = new Date();
      said.textContent = "Saved at " + now.toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
      if (changes === upTo) changes = 0;
    }).catch(function () {
      said.textContent = "Not saved. We try again; the buttons below save as well.";
      later(15000);
    });
  }

  function later(pause) {
    window.clearTimeout(timer);
    timer = window.setTimeout(save, pause);
  }

  form.addEventListener("input", function (event) {
    show();
    if (event.target.type === "file") return;
    changes += 1;
    later(1200);
  });
  form.addEventListener("submit", function () {
    leaving = true;
    window.clearTimeout(timer);
  });
  window.addEventListener("pagehide", function () {
    if (changes && !leaving && navigator.sendBeacon) navigator.sendBeacon(form.dataset.draft, draft());
  });
  var problems = document.getElementById("problems");
  // Browsers that know autofocus on any element have done it by the first frame.
  if (problems) window.requestAnimationFrame(function () { if (document.activeElement !== problems) problems.focus(); });
  show();
})();
