/* Ask before what was typed is left, and send a form only once. */

function unsaved() {
  document.querySelectorAll("form[data-guard]").forEach(function (form) {
    let changed = false;
    form.addEventListener("change", function () {
      changed = true;
    });
    form.addEventListener("submit", function () {
      changed = false;
    });
    window.addEventListener("beforeunload", function (event) {
      if (changed) event.preventDefault();
    });
  });
}

function once() {
  document.addEventListener("submit", function (event) {
    const form = event.target;
    if (form.method !== "post") return;
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
