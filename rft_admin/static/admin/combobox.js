/* Suggestions for a field that refers to another row. */

let boxes = 0;

function comboboxes(root) {
  root.querySelectorAll("input[data-lookup]").forEach(function (input) {
    const index = boxes++;
    const list = document.createElement("ul");
    const box = document.createElement("div");
    let timer = 0;
    let asked = 0;
    let active = -1;
    const told = document.createElement("span");
    told.className = "visually-hidden";
    told.setAttribute("role", "status");
    list.id = "combo-list-" + index;
    list.className = "combo-list";
    list.hidden = true;
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "Suggestions");
    box.className = "combo";
    input.parentNode.insertBefore(box, input);
    box.append(input, list, told);
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
      told.textContent = rows.length ? rows.length + " suggestions" : "Nothing fits";
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
    // A table of a few rows is then chosen from like from a select.
    input.addEventListener("click", function () {
      if (list.hidden) ask();
    });
    input.addEventListener("keydown", function (event) {
      if (event.key === "ArrowDown" && list.hidden) ask();
      else if (event.key === "ArrowDown") mark(active + 1);
      else if (event.key === "ArrowUp") mark(active - 1);
      else if (event.key === "Enter" && active >= 0) choose(list.children[active]);
      else if (event.key === "Escape" && !list.hidden) close();
      else return;
      event.preventDefault();
    });
    input.addEventListener("blur", close);
  });
}

comboboxes(document);
document.addEventListener("office:added", function (event) {
  comboboxes(event.target);
});
