/* Menus of the top bar close by Escape and by a click outside. */

function popovers() {
  document.addEventListener("click", function (event) {
    document.querySelectorAll("details.popover[open]").forEach(function (open) {
      if (!open.contains(event.target)) open.open = false;
    });
  });
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape") {
      document.querySelectorAll("details.popover[open]").forEach(function (open) {
        open.open = false;
        open.querySelector("summary").focus();
      });
    }
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
    const search = document.getElementById("global-search");
    if (search && ((event.key === "k" && (event.ctrlKey || event.metaKey)) || (event.key === "/" && !typing))) {
      event.preventDefault();
      search.focus();
      search.select();
    }
  });
}

popovers();
