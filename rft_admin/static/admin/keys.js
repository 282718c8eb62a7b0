/* Shortcuts of one key, listed behind "?". They wait while one types and can be switched off
   (WCAG 2.2, 2.1.4). */

const WAIT_FOR_SECOND_KEY_MS = 1500;

/* After "g": the second key, and the screen's address. */
const SCREENS = [
  ["t", "/admin/"],
  ["k", "/admin/calendar/"],
  ["b", "/admin/bookings/"],
  ["i", "/admin/booking_inquiries/"],
  ["d", "/admin/course_schedules/"],
  ["c", "/admin/courses/"],
  ["a", "/admin/attendance_records/"],
  ["e", "/admin/certificates/"],
  ["p", "/admin/users/"],
  ["m", "/admin/payment_transactions/"],
  ["r", "/admin/refunds/"],
  ["l", "/admin/email_logs/"],
  ["s", "/admin/settings/"],
];

function linkTo(address) {
  return document.querySelector('#menu nav a[href="' + address + '"]');
}

function rows() {
  return Array.from(document.querySelectorAll("main table.cards tbody tr")).filter(function (row) {
    return row.querySelector("td.main a");
  });
}

function rowInFocus() {
  return document.activeElement?.closest?.("main table.cards tbody tr");
}

function move(step) {
  const all = rows();
  if (!all.length) return;
  const present = all.indexOf(rowInFocus());
  const next = present < 0 ? (step > 0 ? 0 : all.length - 1) : present + step;
  const row = all[Math.max(0, Math.min(all.length - 1, next))];
  row.querySelector("td.main a").focus();
  row.scrollIntoView({ block: "nearest" });
}

/* A row of a list is edited where its table says, a record where its own button leads. */
function edit() {
  const row = rowInFocus();
  if (!row) {
    press('main .head-actions a[href*="/edit/"]');
    return;
  }
  const start = row.closest("table").dataset.edit;
  const id = new URL(row.querySelector("td.main a").href).searchParams.get("id");
  if (start && id) location.assign(start + id);
}

function press(selector) {
  document.querySelector(selector)?.click();
}

const PLACES = {
  "On every page": [
    ["/", "Search", function () { document.getElementById("global-search")?.focus(); }],
    ["?", "This list", function () { document.getElementById("keys-help").showModal(); }],
    ["n", "New, on a list", function () { press('main a[href*="/new/"]'); }],
  ],
  "In a list": [
    ["j", "Next row", function () { move(1); }],
    ["k", "Row before", function () { move(-1); }],
    ["x", "Choose the row, or not", function () { rowInFocus()?.querySelector("input[name=rowid]")?.click(); }],
    ["o", "Open the row", function () { rowInFocus()?.querySelector("td.main a")?.click(); }],
    ["]", "Next page", function () { press('main .pager a[rel="next"]'); }],
    ["[", "Page before", function () { press('main .pager a[rel="prev"]'); }],
  ],
  "In a list or on a record": [
    ["e", "Edit", edit],
  ],
};

const WITH_CONTROL = [
  [["Ctrl", "K"], "Search, or go to a screen"],
  [["Ctrl", "Enter"], "Save the form one types in"],
  [["Esc"], "Close what is open"],
];

function describe(list) {
  function section(title, entries) {
    const part = document.createElement("section");
    const heading = document.createElement("h3");
    const terms = document.createElement("dl");
    heading.textContent = title;
    entries.forEach(function (entry) {
      const words = document.createElement("dt");
      const keys = document.createElement("dd");
      words.textContent = entry[1];
      entry[0].forEach(function (key, index) {
        const shown = document.createElement("kbd");
        shown.textContent = key;
        keys.append(...(index ? [" ", shown] : [shown]));
      });
      terms.append(words, keys);
    });
    part.append(heading, terms);
    list.append(part);
  }
  Object.entries(PLACES).forEach(function (place) {
    section(place[0], place[1].map(function (key) { return [[key[0]], key[1]]; }));
  });
  section("Always", WITH_CONTROL);
  section("Go to", SCREENS.filter(function (screen) { return linkTo(screen[1]); }).map(function (screen) {
    return [["g", screen[0]], linkTo(screen[1]).textContent.trim()];
  }));
}

function isTyping(target) {
  if (target.isContentEditable || /^(TEXTAREA|SELECT)$/.test(target.tagName)) return true;
  return target.tagName === "INPUT" && !/^(checkbox|radio|button|submit)$/.test(target.type);
}

function keys() {
  const list = document.getElementById("keys-list");
  if (!list) return;
  const actions = new Map(Object.values(PLACES).flat().map(function (key) { return [key[0], key[2]]; }));
  let goingUntil = 0;
  describe(list);

  function act(key, now) {
    if (now < goingUntil) {
      goingUntil = 0;
      const screen = SCREENS.find(function (one) { return one[0] === key; });
      const link = screen && linkTo(screen[1]);
      link?.click();
      return Boolean(link);
    }
    if (key === "g") {
      goingUntil = now + WAIT_FOR_SECOND_KEY_MS;
      return true;
    }
    actions.get(key)?.();
    return actions.has(key);
  }

  document.addEventListener("keydown", function (event) {
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && event.target.form && isTyping(event.target)) {
      event.preventDefault();
      event.target.form.requestSubmit();
      return;
    }
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing;
    if (!isPlain || event.defaultPrevented || event.repeat && !/[jk]/.test(event.key)) return;
    if (document.documentElement.dataset.keys === "off") return;
    if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
    if (act(event.key, event.timeStamp)) event.preventDefault();
  });
}

keys();
