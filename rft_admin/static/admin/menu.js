/* The drawer of a phone: the focus goes in with it, stays in it, and comes back. */

function menu() {
  const sidebar = document.getElementById("menu");
  const opener = document.querySelector(".menu-link");
  if (!sidebar || !opener) return;
  const frame = document.querySelector(".frame");

  function isOpen() {
    return location.hash === "#menu" && getComputedStyle(opener).display !== "none";
  }

  function follow() {
    frame.inert = isOpen();
    if (isOpen()) sidebar.querySelector(".menu-close").focus();
    else if (document.activeElement === document.body) opener.focus();
  }

  function close(event) {
    event.preventDefault();
    location.hash = "top";
  }

  window.addEventListener("hashchange", follow);
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape" && isOpen()) close(event);
  });
  document.addEventListener("click", function (event) {
    if (isOpen() && !sidebar.contains(event.target) && event.target !== opener) close(event);
  });
  if (isOpen()) follow();
}

menu();
