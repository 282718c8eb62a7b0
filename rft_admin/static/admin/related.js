/* "New venue" beside a field: the other form in a dialog, its row chosen when it is saved. */

const SIGNED_OUT = "You have been signed out. Sign in again in a new tab, then press the button again.";
const AWAY = "There was no answer. Please try again.";

function related(root) {
  root.querySelectorAll("a[data-related]").forEach(function (link) {
    // One dialog at a time: from inside one the other form opens in a new tab.
    if (link.closest("dialog")) return;
    link.querySelector("[data-related-hint]").remove();
    link.setAttribute("aria-haspopup", "dialog");
    link.addEventListener("click", function (event) {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      open(link);
    });
  });
}

async function open(link) {
  const dialog = document.createElement("dialog");
  const head = document.createElement("div");
  const title = document.createElement("h2");
  const body = document.createElement("div");
  dialog.className = "dialog related";
  head.className = "dialog-head";
  body.className = "related-body";
  title.id = "related-title";
  title.textContent = link.textContent.trim();
  dialog.setAttribute("aria-labelledby", title.id);
  head.append(title);
  dialog.append(head, body);
  document.body.append(dialog);
  let changed = false;

  function leave() {
    if (changed && !window.confirm("Leave what you typed here?")) return;
    dialog.close();
  }

  function say(words) {
    const message = document.createElement("div");
    message.className = "message error";
    message.setAttribute("role", "alert");
    message.textContent = words;
    body.prepend(message);
  }

  function fill(html) {
    const page = new DOMParser().parseFromString(html, "text/html");
    body.replaceChildren(...page.body.childNodes);
    body.querySelector("[data-close]").addEventListener("click", leave);
    const form = body.querySelector("form");
    form.addEventListener("input", function () {
      changed = true;
    });
    form.addEventListener("submit", send);
    body.dispatchEvent(new CustomEvent("office:added", { bubbles: true }));
    (body.querySelector(".faults") || body.querySelector("input:not([type=hidden]), select, textarea")).focus();
  }

  async function ask(address, options) {
    try {
      const answer = await fetch(address, options);
      if (answer.redirected || answer.status === 401) say(SIGNED_OUT);
      else if (answer.status === 201) choose(await answer.json());
      else if (answer.ok || answer.status === 422 || answer.status === 409) fill(await answer.text());
      else say(AWAY);
    } catch (error) {
      say(AWAY);
    }
  }

  async function send(event) {
    const form = event.target;
    event.preventDefault();
    if (form.dataset.sent) return;
    form.dataset.sent = "yes";
    await ask(form.action, { method: "POST", body: new FormData(form) });
    delete form.dataset.sent;
  }

  function choose(row) {
    const input = document.getElementById(link.dataset.related);
    input.value = row.text;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    dialog.close();
    input.focus();
  }

  dialog.addEventListener("cancel", function (event) {
    event.preventDefault();
    leave();
  });
  dialog.addEventListener("close", function () {
    dialog.remove();
    if (document.activeElement === document.body) link.focus();
  });
  dialog.showModal();
  const address = new URL(link.href);
  address.searchParams.set("dialog", "1");
  await ask(address, {});
}

related(document);
