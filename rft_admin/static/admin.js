/* What JavaScript adds to the office; every page works without it. */
"use strict";

(function () {
  function comboboxes() {
    document.querySelectorAll("input[data-lookup]").forEach(function (input, index) {
      const list = document.createElement("ul");
      const box = document.createElement("div");
      let timer = 0;
      let asked = 0;
      let active = -1;
      list.id = "combo-list-" + index;
      list.className = "combo-list";
      list.hidden = true;
      list.setAttribute("role", "listbox");
      list.setAttribute("aria-label", "Suggestions");
      box.className = "combo";
      input.parentNode.insertBefore(box, input);
      box.append(input, list);
      input.setAttribute("role", "combobox");
      input.setAttribute("aria-autocomplete", "list");
      input.setAttribute("aria-expanded", "false");
      input.setAttribute("aria-controls", list.id);
      input.autocomplete = "off";

      function close() {
        list.hidden = true;
        active = -1;
        input.setAttribute("aria-expanded", "false");
        input.removeAttribute("aria-activedescendant");
      }

      function choose(item) {
        input.value = item.textContent;
        input.dispatchEvent(new Event("change", { bubbles: true }));
        close();
      }

      function mark(next) {
        const items = Array.from(list.children);
        if (!items.length) return;
        active = (next + items.length) % items.length;
        items.forEach(function (item, i) {
          item.setAttribute("aria-selected", String(i === active));
        });
        items[active].scrollIntoView({ block: "nearest" });
        input.setAttribute("aria-activedescendant", items[active].id);
      }

      function show(rows) {
        list.replaceChildren();
        rows.forEach(function (row, i) {
          const item = document.createElement("li");
          item.id = list.id + "-" + i;
          item.setAttribute("role", "option");
          item.setAttribute("aria-selected", "false");
          item.textContent = row[1];
          item.addEventListener("mousedown", function (event) {
            event.preventDefault();
            choose(item);
          });
          list.append(item);
        });
        list.hidden = rows.length === 0;
        active = -1;
        input.setAttribute("aria-expanded", String(rows.length > 0));
      }

      async function ask() {
        const turn = ++asked;
        const address = new URL(input.dataset.lookup, location.href);
        address.searchParams.set("query", /\(#\d+\)$/.test(input.value) ? "" : input.value);
        try {
          const answer = await fetch(address, { headers: { Accept: "application/json" } });
          if (answer.ok && turn === asked) show(await answer.json());
        } catch (error) {
          close();
        }
      }

      input.addEventListener("input", function () {
        clearTimeout(timer);
        timer = setTimeout(ask, 150);
      });
      input.addEventListener("focus", function () {
        input.select();
      });
      input.addEventListener("keydown", function (event) {
        if (event.key === "ArrowDown" && list.hidden) ask();
        else if (event.key === "ArrowDown") mark(active + 1);
        else if (event.key === "ArrowUp") mark(active - 1);
        else if (event.key === "Enter" && active >= 0) choose(list.children[active]);
        else if (event.key === "Escape") close();
        else return;
        event.preventDefault();
      });
      input.addEventListener("blur", close);
    });
  }

  function picking() {
    const all = document.querySelector("input[data-pick-all]");
    const picks = Array.from(document.querySelectorAll("input[name=rowid][type=checkbox]"));
    const count = document.querySelector("[data-pick-count]");
    if (!picks.length) return;
    function tell() {
      const chosen = picks.filter(function (pick) {
        return pick.checked;
      }).length;
      if (count) count.textContent = chosen ? chosen + " chosen" : "";
      if (all) {
        all.checked = chosen === picks.length;
        all.indeterminate = chosen > 0 && chosen < picks.length;
      }
    }
    picks.forEach(function (pick) {
      pick.addEventListener("change", tell);
    });
    if (all) {
      all.closest("label").hidden = false;
      all.addEventListener("change", function () {
        picks.forEach(function (pick) {
          pick.checked = all.checked;
        });
        tell();
      });
    }
    tell();
  }

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

  comboboxes();
  picking();
  unsaved();
  once();
  popovers();
  menu();
  markAll();
  countMarked();
  printing();
})();
