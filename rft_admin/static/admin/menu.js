/* The menu of a phone: focus goes in with it and comes back. */

function menu() {
  const sidebar = document.getElementById("menu");
  const opener = document.querySelector(".menu-link");
  if (!sidebar || !opener) return;
  window.addEventListener("hashchange", function () {
    if (location.hash === "#menu") sidebar.querySelector(".menu-close").focus();
  });
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape" && location.hash === "#menu") {
      location.hash = "top";
      opener.focus();
    }
  });
}

menu();
