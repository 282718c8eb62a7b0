/* Light or dark at once, without loading the page again; the server keeps the choice. */

function look() {
  const form = document.querySelector("form[data-look]");
  if (!form) return;

  function show(theme) {
    document.documentElement.dataset.theme = theme;
    document.querySelector("meta[name=color-scheme]").content =
      theme === "device" ? "light dark" : theme;
    form.querySelectorAll("button").forEach(function (button) {
      button.setAttribute("aria-pressed", String(button.value === theme));
    });
  }

  form.addEventListener("submit", async function (event) {
    event.preventDefault();
    const chosen = new FormData(form, event.submitter);
    show(chosen.get("theme"));
    await fetch(form.action, {
      method: "POST",
      body: chosen,
      headers: { Accept: "application/json" },
    });
  });
}

look();
