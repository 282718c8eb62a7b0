/* The palette: search everything and go anywhere, by Ctrl K or by a tap on the search box. */

const RECENT = "office.recent";
const MOST_RECENT = 6;
const MOST_COMMANDS = 8;
const WAIT_MS = 120;

function iconFor(address) {
  const path = new URL(address, location.href).pathname;
  const links = Array.from(document.querySelectorAll("#menu nav a"));
  const fitting = links.filter(function (link) {
    return path === link.pathname || (path.startsWith(link.pathname) && link.pathname !== "/admin/");
  });
  const link = fitting.pop() || links[0];
  return link ? link.querySelector("svg").cloneNode(true) : document.createTextNode("");
}

function readRecent() {
  try {
    return JSON.parse(sessionStorage.getItem(RECENT)) || [];
  } catch (error) {
    return [];
  }
}

/* Kept in this tab only and until one signs out: names of people stand in it. */
function keepRecent() {
  const heading = document.querySelector("main h1");
  if (!heading || !/\/details\/$/.test(location.pathname)) return;
  const address = location.pathname + "?id=" + (new URLSearchParams(location.search).get("id") || "");
  const others = readRecent().filter(function (one) {
    return one.address !== address;
  });
  others.unshift({ words: heading.textContent.trim(), address: address });
  sessionStorage.setItem(RECENT, JSON.stringify(others.slice(0, MOST_RECENT)));
}

function palette() {
  const dialog = document.getElementById("palette");
  if (!dialog) return;
  const query = document.getElementById("palette-query");
  const list = document.getElementById("palette-list");
  const status = document.getElementById("palette-status");
  const box = document.getElementById("global-search");
  let commands = null;
  let active = -1;
  let timer = 0;
  let asking = new AbortController();

  function options() {
    return Array.from(list.querySelectorAll("[role=option]"));
  }

  function mark(next) {
    const all = options();
    if (!all.length) {
      active = -1;
      query.removeAttribute("aria-activedescendant");
      return;
    }
    active = (next + all.length) % all.length;
    all.forEach(function (option, index) {
      option.setAttribute("aria-selected", String(index === active));
    });
    all[active].scrollIntoView({ block: "nearest" });
    query.setAttribute("aria-activedescendant", all[active].id);
  }

  function optionOf(entry) {
    const option = document.createElement(entry.run ? "div" : "a");
    option.className = "palette-option";
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    option.tabIndex = -1;
    if (entry.run) option.addEventListener("click", entry.run);
    else option.href = entry.address;
    const words = document.createElement("span");
    words.textContent = entry.words;
    if (entry.about) {
      const about = document.createElement("small");
      about.textContent = entry.about;
      words.append(about);
    }
    option.append(iconFor(entry.address || "/admin/"), words);
    return option;
  }

  function show(groups) {
    list.replaceChildren();
    groups.forEach(function (group, index) {
      if (!group.entries.length) return;
      const section = document.createElement("div");
      const title = document.createElement("span");
      section.className = "palette-group";
      section.setAttribute("role", "group");
      section.setAttribute("aria-labelledby", "palette-group-" + index);
      title.id = "palette-group-" + index;
      title.textContent = group.title;
      section.append(title, ...group.entries.map(optionOf));
      list.append(section);
    });
    options().forEach(function (option, index) {
      option.id = "palette-option-" + index;
    });
    mark(0);
    const count = options().length;
    status.textContent = count === 1 ? "1 entry" : count + " entries";
  }

  function own() {
    const looks = [
      ["dark", "Dark colours"],
      ["light", "Light colours"],
      ["device", "Colours as the device has them"],
    ];
    return looks
      .map(function (look) {
        return {
          words: look[1],
          run: function () {
            dialog.close();
            document.querySelector('form[data-look] [value="' + look[0] + '"]').click();
          },
        };
      })
      .concat([
        {
          words: "Keyboard shortcuts",
          run: function () {
            dialog.close();
            document.getElementById("keys-help").showModal();
          },
        },
        {
          words: "Sign out",
          run: function () {
            document.querySelector("form[data-sign-out]").requestSubmit();
          },
        },
      ]);
  }

  function fitting(entries, words) {
    return entries.filter(function (entry) {
      const text = entry.words.toLowerCase();
      return words.every(function (word) {
        return text.includes(word);
      });
    });
  }

  function start() {
    const known = commands || [];
    const groups = [{ title: "Lately opened", entries: readRecent() }];
    ["Today's registers", "Go to", "New"].forEach(function (title) {
      groups.push({
        title: title,
        entries: known.filter(function (entry) {
          return entry.group === title;
        }),
      });
    });
    groups.push({ title: "Commands", entries: own() });
    show(groups);
  }

  function groupsOf(text, results) {
    const words = text.toLowerCase().split(/\s+/);
    const found = fitting((commands || []).concat(own()), words).slice(0, MOST_COMMANDS);
    const tables = new Map();
    results.forEach(function (row) {
      const title = row.label || row.table.replaceAll("_", " ");
      if (!tables.has(title)) tables.set(title, []);
      tables.get(title).push({ words: row.title, about: row.about, address: row.address });
    });
    const everything = dialog.dataset.search + "?q=" + encodeURIComponent(text);
    return [
      { title: "Screens and commands", entries: found },
      ...Array.from(tables, function (pair) {
        return { title: pair[0], entries: pair[1] };
      }),
      { title: "Search", entries: [{ words: "All results for “" + text + "”", address: everything }] },
    ];
  }

  async function read(address, signal) {
    const answer = await fetch(address, { headers: { Accept: "application/json" }, signal: signal });
    if (answer.status === 401) location.reload();
    return answer.ok ? answer.json() : {};
  }

  async function ask() {
    const text = query.value.trim();
    asking.abort();
    asking = new AbortController();
    if (!text) return start();
    try {
      const address = dialog.dataset.search + "?q=" + encodeURIComponent(text);
      const answer = await read(address, asking.signal);
      show(groupsOf(text, answer.results || []));
    } catch (error) {
      if (error.name !== "AbortError") show(groupsOf(text, []));
    }
  }

  async function open(text) {
    if (dialog.open) return;
    query.value = text || "";
    dialog.showModal();
    query.focus();
    ask();
    if (commands) return;
    commands = (await read(dialog.dataset.commands).catch(function () { return {}; })).commands || [];
    ask();
  }

  query.addEventListener("input", function () {
    const text = query.value.trim();
    // Commands answer at once, the database a moment later.
    if (text) show(groupsOf(text, []));
    clearTimeout(timer);
    timer = setTimeout(ask, text ? WAIT_MS : 0);
  });
  query.addEventListener("keydown", function (event) {
    if (event.isComposing) return;
    if (event.key === "ArrowDown") mark(active + 1);
    else if (event.key === "ArrowUp") mark(active - 1);
    else if (event.key === "Home" && !query.value) mark(0);
    else if (event.key === "End" && !query.value) mark(-1);
    else if (event.key === "Enter" && active >= 0) {
      const option = options()[active];
      if (option.href && (event.ctrlKey || event.metaKey)) window.open(option.href);
      else option.click();
    } else return;
    event.preventDefault();
  });
  document.addEventListener("keydown", function (event) {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey) return;
    event.preventDefault();
    if (dialog.open) dialog.close();
    else open("");
  });
  box?.addEventListener("pointerdown", function (event) {
    event.preventDefault();
    open(box.value);
  });
  document.querySelector("form[data-sign-out]")?.addEventListener("submit", function () {
    sessionStorage.removeItem(RECENT);
  });
  if (/Mac|iPhone|iPad/.test(navigator.platform)) {
    const hint = document.querySelector(".global-search kbd");
    if (hint) hint.textContent = "⌘ K";
  }
}

keepRecent();
palette();
