/* Choose rows of a list, all of the page at once, and say how many. */

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

picking();
