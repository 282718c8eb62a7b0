/* Ask before what was typed is left, and send a form only once. */

function unsaved() {
  document.querySelectorAll("form[data-guard]").forEach(function (form) {
    // A form that came back refused, or after a sign-in, holds what is saved nowhere.
    let changed = form.dataset.guard === "now";
    function note() {
      changed = true;
    }
    form.addEventListener("input", note);
    form.addEventListener("change", note);
    form.addEventListener("submit", function () {
      changed = false;
    });
    form.querySelectorAll("a[data-leave]").forEach(function (link) {
      link.addEventListener("click", function () {
        changed = false;
      });
    });
    window.addEventListener("beforeunload", function (event) {
      if (changed) event.preventDefault();
    });
  });
}

function once() {
  document.addEventListener("submit", function (event) {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    setTimeout(function () {
      delete form.dataset.sent;
    }, 4000);
  });
}

unsaved();
once();
