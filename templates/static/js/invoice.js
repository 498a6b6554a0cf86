// The invoice: a button beside each value of the transfer copies it; a receipt gets a button that prints it.
(function () {
  "use strict";
  var said = document.getElementById("copied");

  function select(element) {
    var range = document.createRange();
    range.selectNodeContents(element);
    var selection = window.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  }

  function copy(element) {
    if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(element.dataset.copy);
    select(element);
    return document.execCommand("copy") ? Promise.resolve() : Promise.reject(new Error("not copied"));
  }

  function answer(button, word, sentence) {
    button.textContent = word;
    said.textContent = sentence;
    window.setTimeout(function () { button.textContent = "Copy"; said.textContent = ""; }, 2500);
  }

  document.querySelectorAll("[data-copy]").forEach(function (element) {
    var button = document.createElement("button");
    var name = element.dataset.name;
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.setAttribute("aria-label", "Copy: " + name);
    button.addEventListener("click", function () {
      copy(element).then(function () {
        answer(button, "Copied", name + " copied.");
      }, function () {
        select(element);
        answer(button, "Selected", name + " is selected; copy it with your keyboard.");
      });
    });
    element.after(button);
  });

  var keep = document.getElementById("keep");
  if (keep) {
    var print = document.createElement("button");
    print.type = "button";
    print.className = "button plain small";
    print.textContent = "Print the receipt";
    print.addEventListener("click", function () { window.print(); });
    keep.after(print);
  }
  var problems = document.getElementById("problems");
  if (problems) window.requestAnimationFrame(function () { if (document.activeElement !== problems) problems.focus(); });
})();
