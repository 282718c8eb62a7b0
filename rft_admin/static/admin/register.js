/* The register: mark the rest at once, count what is marked, print. */

function markAll() {
  document.querySelectorAll("button[data-mark-all]").forEach(function (button) {
    button.addEventListener("click", function (event) {
      const radios = button.form.querySelectorAll('.segments input[value="' + button.dataset.markAll + '"]');
      radios.forEach(function (radio) {
        const chosen = button.form.querySelector('input[name="' + radio.name + '"]:checked');
        if (!chosen) radio.checked = true;
      });
      button.form.dispatchEvent(new Event("change"));
      event.preventDefault();
    });
  });
}

function countMarked() {
  const count = document.querySelector("[data-marked-count]");
  if (!count) return;
  const form = count.closest("form");
  form.addEventListener("change", function () {
    const groups = form.querySelectorAll(".learner").length;
    const marked = form.querySelectorAll('[name^="status-"]:checked').length;
    count.textContent = marked + " of " + groups + " marked, not saved yet";
  });
}

function printing() {
  document.querySelectorAll("button[data-print]").forEach(function (button) {
    button.hidden = false;
    button.addEventListener("click", function () {
      window.print();
    });
  });
}

markAll();
countMarked();
printing();
