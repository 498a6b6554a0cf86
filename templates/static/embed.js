// The studio's form on the studio's own site:
//   <div id="studio-form"><a href="https://…/apply">Tell us about your project</a></div>
//   <script src="https://…/embed.js" data-target="#studio-form" async></script>
// The form is fetched from /apply, put into the target and posted there; campaign parameters and referrer go along.
// Whatever goes wrong, a link to the form remains. data-plain leaves the looks to the site.
(function () {
  "use strict";
  var script = document.currentScript;
  var home = new URL(script.src, window.location.href).origin;
  var names = ["utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"];
  var query = new URLSearchParams(window.location.search);
  var source = {};
  names.forEach(function (name) { if (query.get(name)) source[name] = query.get(name); });
  source.referrer = document.referrer || window.location.href;

  function applyAddress() {
    return home + "/apply?" + new URLSearchParams(source).toString();
  }

  function target() {
    var found = script.dataset.target && document.querySelector(script.dataset.target);
    if (found) return found;
    var made = document.createElement("div");
    script.parentNode.insertBefore(made, script);
    return made;
  }

  function link(place) {
    var known = place.querySelector("a");
    if (!known) {
      known = place.appendChild(document.createElement("a"));
      known.textContent = script.dataset.label || "Tell us about your project";
    }
    known.href = applyAddress();
  }

  function dress() {
    if ("plain" in script.dataset) return;
    ["/static/css/embed.css", "/static/brand.css"].forEach(function (path) {
      var sheet = document.createElement("link");
      sheet.rel = "stylesheet";
      sheet.href = home + path;
      document.head.appendChild(sheet);
    });
  }

  function put(place, page) {
    var form = page.querySelector("form[data-embed]");
    if (!form) throw new Error("no form");
    form.action = home + "/apply";
    form.removeAttribute("novalidate");
    form.classList.add("studio-form");
    Object.keys(source).forEach(function (name) {
      var field = form.querySelector('input[type=hidden][name="' + name + '"]');
      if (field) field.value = source[name];
    });
    var trap = form.querySelector(".trap");
    if (trap) trap.style.cssText = "position:absolute;left:-9999px;width:1px;height:1px;overflow:hidden";
    dress();
    place.replaceChildren(document.importNode(form, true));
  }

  function start() {
    var place = target();
    link(place);
    fetch(applyAddress(), { credentials: "omit" }).then(function (answer) {
      if (!answer.ok) throw new Error(String(answer.status));
      return answer.text();
    }).then(function (text) {
      put(place, new DOMParser().parseFromString(text, "text/html"));
    }).catch(function () { link(place); });
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
