/* A row's menu opens in place: arrows move in it, Escape and a click outside close it. */

function rowMenus() {
  let open = null;

  function close(back) {
    if (!open) return;
    const link = open.link;
    open.box.remove();
    open = null;
    link.setAttribute("aria-expanded", "false");
    if (back) link.focus();
  }

  function place(box, link) {
    const at = link.getBoundingClientRect();
    const below = window.innerHeight - at.bottom;
    box.style.setProperty("max-height", Math.max(below, at.top) - 24 + "px");
    const top = below >= Math.min(box.offsetHeight, 320) || below >= at.top
      ? at.bottom + 6
      : at.top - box.offsetHeight - 6;
    box.style.setProperty("top", top + "px");
    const left = Math.max(8, Math.min(at.right - box.offsetWidth, window.innerWidth - box.offsetWidth - 8));
    box.style.setProperty("left", left + "px");
  }

  function show(link, html) {
    const box = document.createElement("div");
    box.className = "row-menu-box";
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", link.getAttribute("aria-label"));
    box.innerHTML = html;
    document.querySelector("main").append(box);
    open = { box: box, link: link };
    link.setAttribute("aria-expanded", "true");
    place(box, link);
    const first = box.querySelector("a, button");
    if (first) first.focus();
    else {
      box.tabIndex = -1;
      box.focus();
    }
  }

  async function fetchAndShow(link) {
    close(false);
    const address = new URL(link.href);
    address.searchParams.set("piece", "1");
    try {
      const answer = await fetch(address);
      if (!answer.ok || answer.redirected) throw new Error("no menu");
      show(link, await answer.text());
    } catch (error) {
      location.href = link.href;
    }
  }

  function move(step) {
    const entries = Array.from(open.box.querySelectorAll("a, button"));
    const at = entries.indexOf(document.activeElement);
    if (entries.length) entries[(at + step + entries.length) % entries.length].focus();
  }

  document.querySelectorAll("a[data-row-menu]").forEach(function (link) {
    link.setAttribute("role", "button");
    link.setAttribute("aria-expanded", "false");
    link.addEventListener("keydown", function (event) {
      if (event.key !== " ") return;
      event.preventDefault();
      link.click();
    });
  });
  document.addEventListener("click", function (event) {
    const link = event.target.closest("a[data-row-menu]");
    const isPlain = !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0;
    if (link && isPlain) {
      event.preventDefault();
      if (open && open.link === link) close(true);
      else fetchAndShow(link);
    } else if (open && !open.box.contains(event.target)) {
      close(false);
    }
  });
  document.addEventListener("keydown", function (event) {
    if (!open) return;
    if (event.key === "Escape") close(true);
    else if (event.key === "ArrowDown") move(1);
    else if (event.key === "ArrowUp") move(-1);
    else if (event.key === "Tab") {
      close(true);
      return;
    } else return;
    event.preventDefault();
  });
  window.addEventListener("resize", function () {
    close(false);
  });
  window.addEventListener("scroll", function () {
    if (open) place(open.box, open.link);
  });
}

rowMenus();
