// The project: a file that is too large is said before it is sent, sending shows how far it is, an address opens what it names.
(function () {
  "use strict";
  var megabyte = 1024 * 1024;

  function opens() {
    var named = window.location.hash.length > 1 && document.getElementById(window.location.hash.slice(1));
    var within = named && (named.closest("details") || named.querySelector("details"));
    if (within) within.open = true;
  }

  function tooLarge(form) {
    var most = Number(form.dataset.most);
    var found = [];
    form.querySelectorAll("input[type=file]").forEach(function (field) {
      Array.prototype.forEach.call(field.files, function (file) {
        if (file.size > most * megabyte) found.push("“" + file.name + "” is too large: " + Math.ceil(file.size / megabyte) + " MB; at most " + most + " MB are taken. Send us a link instead.");
      });
    });
    return found.join(" ");
  }

  function say(form, sentence, isWrong) {
    var said = form.querySelector(".upload-said");
    said.textContent = sentence;
    said.classList.toggle("wrong", isWrong);
  }

  // Sent in the background so that its way can be shown; the answer, a page either way, takes the place of this one.
  function send(form, button) {
    var request = new XMLHttpRequest();
    var body = new FormData(form);
    var bar = document.createElement("progress");
    var buttons = form.querySelectorAll("button");
    body.append(button.name, button.value);
    bar.max = 100;
    bar.setAttribute("aria-label", "How much is sent");
    request.open("POST", form.getAttribute("action"));  // form.action is the button of that name
    request.upload.addEventListener("progress", function (event) {
      if (event.lengthComputable) bar.value = Math.round(event.loaded / event.total * 100);
    });
    request.addEventListener("load", function () {
      if (request.status === 200) {
        window.location.assign(request.responseURL || window.location.pathname);
        return;
      }
      document.open();
      document.write(request.responseText);
      document.close();
    });
    request.addEventListener("error", function () {
      bar.remove();
      buttons.forEach(function (one) { one.disabled = false; });
      say(form, "This did not arrive: the line broke, or it was too much at once. Nothing is lost; try again, send fewer files, or a link.", true);
    });
    buttons.forEach(function (one) { one.disabled = true; });
    say(form, "Sending …", false);
    form.querySelector(".upload-said").after(bar);
    request.send(body);
  }

  document.querySelectorAll("form[data-upload]").forEach(function (form) {
    form.addEventListener("change", function () { say(form, tooLarge(form), true); });
    form.addEventListener("submit", function (event) {
      var button = event.submitter || form.querySelector(".send button");
      var wrong = tooLarge(form);
      if (wrong) {
        event.preventDefault();
        say(form, wrong, true);
        return;
      }
      var has = Array.prototype.some.call(form.querySelectorAll("input[type=file]"), function (field) { return field.files.length > 0; });
      if (!has || !window.FormData || button.value !== "send") return;
      event.preventDefault();
      send(form, button);
    });
  });

  window.addEventListener("hashchange", opens);
  opens();
  var problems = document.getElementById("problems");
  if (problems) window.requestAnimationFrame(function () { if (document.activeElement !== problems) problems.focus(); });
})();
