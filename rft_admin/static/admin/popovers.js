/* Menus of the top bar close by Escape and by a click outside; dialogs open and close. */

function popovers() {
  document.addEventListener("click", function (event) {
    document.querySelectorAll("details.popover[open]").forEach(function (open) {
      if (!open.contains(event.target)) open.open = false;
    });
  });
  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape") return;
    document.querySelectorAll("details.popover[open]").forEach(function (open) {
      open.open = false;
      open.querySelector("summary").focus();
    });
  });
}

function dialogs() {
  document.addEventListener("click", function (event) {
    const opener = event.target.closest("[data-open]");
    if (opener) {
      opener.closest("details.popover")?.removeAttribute("open");
      document.getElementById(opener.dataset.open).showModal();
      return;
    }
    const dialog = event.target.closest("dialog");
    // A click beside the dialog lands on the dialog itself: what is inside lies in its children.
    if (dialog && (event.target === dialog || event.target.closest("[data-close]"))) dialog.close();
  });
}

popovers();
dialogs();
