/* Choose rows of a list: one by one, all of the page, or all that fit; the bar says how many. */

function picking() {
  const all = document.querySelector("input[data-pick-all]");
  const picks = Array.from(document.querySelectorAll("input[name=rowid][type=checkbox]"));
  const bar = document.querySelector("[data-bulk]");
  if (!picks.length || !bar) return;
  const count = bar.querySelector("[data-pick-count]");
  const none = bar.querySelector("[data-pick-none]");
  const page = bar.querySelector("[data-pick-page]");
  const everything = bar.querySelector("[data-pick-everything]");
  const everythingBox = everything && everything.querySelector("input");

  function tell() {
    const chosen = picks.filter(function (pick) {
      return pick.checked;
    }).length;
    const isAll = chosen === picks.length;
    if (everythingBox) {
      if (!isAll) everythingBox.checked = false;
      everything.hidden = !isAll;
    }
    const isEverything = everythingBox && everythingBox.checked;
    if (isEverything) count.textContent = "All that fit are chosen";
    else count.textContent = chosen ? chosen + (chosen === 1 ? " row chosen" : " rows chosen") : "";
    bar.classList.toggle("is-active", chosen > 0);
    none.hidden = chosen === 0;
    page.hidden = isAll;
    if (all) {
      all.checked = isAll;
      all.indeterminate = chosen > 0 && !isAll;
    }
  }

  function pickAll(checked) {
    picks.forEach(function (pick) {
      pick.checked = checked;
    });
    tell();
  }

  picks.forEach(function (pick) {
    pick.addEventListener("change", tell);
  });
  if (everythingBox) everythingBox.addEventListener("change", tell);
  none.addEventListener("click", function () {
    pickAll(false);
    (all || picks[0]).focus();
  });
  page.addEventListener("click", function () {
    pickAll(true);
    none.focus();
  });
  if (all) {
    all.closest("label").hidden = false;
    all.addEventListener("change", function () {
      pickAll(all.checked);
    });
  }
  // The browser's own way back keeps the ticks.
  window.addEventListener("pageshow", tell);
  tell();
}

picking();
