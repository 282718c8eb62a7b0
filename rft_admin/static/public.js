/* Improvements only: every page works without this file. */
"use strict";

(() => {
  /* The list of faults takes the focus, so that it is read out. */
  const faults = document.querySelector("[data-focus]");
  if (faults) faults.focus();

  /* A form is sent once; coming back with the back button frees it again. */
  const busy = new WeakSet();
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (event.defaultPrevented || (button && button.name === "update")) return;
    if (busy.has(event.target)) event.preventDefault();
    else if (event.target.querySelector("[data-once]")) busy.add(event.target);
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) document.querySelectorAll("form").forEach((form) => busy.delete(form));
  });

  const quoted = document.querySelector("form[data-quote]");
  if (quoted) priceAsTyped(quoted);

  const waiting = document.querySelector("[data-wait]:not([data-wait=''])");
  if (waiting) waitForPayment(waiting);

  /* Ask the server for the price and the rows again; what it answers replaces the live parts. */
  function priceAsTyped(form) {
    let latest = 0;

    const showWhatFits = () => {
      form.querySelectorAll("[data-when]").forEach((part) => {
        const [name, value] = part.dataset.when.split("=");
        const chosen = form.querySelector(`[name="${name}"]:checked`) || form.querySelector(`[name="${name}"][type="hidden"]`);
        part.hidden = !chosen || chosen.value !== value;
      });
    };

    const refresh = async () => {
      const turn = ++latest;
      const typed = new FormData(form);
      typed.set("update", "1");
      let page;
      try {
        const answer = await fetch(form.action, { method: "POST", body: typed, credentials: "same-origin" });
        if (!answer.ok) return;
        page = new DOMParser().parseFromString(await answer.text(), "text/html");
      } catch {
        return;
      }
      if (turn !== latest) return;
      form.querySelectorAll("[data-live]").forEach((part) => {
        const fresh = page.getElementById(part.id);
        if (fresh && !part.contains(document.activeElement)) keepTyped(part, fresh);
      });
    };

    /* What was typed while the answer was on its way stays. */
    const keepTyped = (part, fresh) => {
      const now = new Map();
      part.querySelectorAll("input").forEach((input) => now.set(input.name, input));
      fresh.querySelectorAll("input").forEach((input) => {
        const old = now.get(input.name);
        if (!old) return;
        if (input.type === "checkbox") input.checked = old.checked;
        else input.value = old.value;
      });
      part.replaceChildren(...fresh.childNodes);
    };

    form.querySelectorAll("[data-plain]").forEach((button) => { button.hidden = true; });
    form.addEventListener("change", (event) => {
      showWhatFits();
      if (event.target.closest("[data-refresh]") || event.target.name === "payment_method") refresh();
    });
    showWhatFits();
  }

  /* Look every two seconds whether the word has come; later less often. */
  function waitForPayment(part) {
    let rounds = 0;
    const look = async () => {
      rounds += 1;
      try {
        const answer = await fetch(part.dataset.wait, { credentials: "same-origin" });
        if (answer.ok && (await answer.json()).state !== "waiting") {
          location.reload();
          return;
        }
      } catch {
        /* The network was away for a moment: look again. */
      }
      if (rounds === 20) {
        part.querySelector("[data-wait-words]").textContent =
          "This takes longer than usual. You can close this page: we write to you as soon as we know, and you need not pay again.";
      }
      setTimeout(look, rounds < 60 ? 2000 : 10000);
    };
    setTimeout(look, 1000);
  }
})();
