/* The bar of a running action moves by itself; at the end the page shows what became of each row. */

function runProgress() {
  const box = document.querySelector("[data-progress]");
  if (!box) return;
  const bar = box.querySelector("progress");
  const words = box.querySelector("[data-progress-words]");
  let quarter = 0;

  async function ask() {
    try {
      const answer = await fetch(box.dataset.progress, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error("no answer");
      const now = await answer.json();
      if (now.is_over) {
        location.reload();
        return;
      }
      const settled = now.done + now.refused;
      if (bar.hasAttribute("value")) bar.value = settled;
      // What is seen moves at each answer; a screen reader is told at each quarter.
      words.textContent = now.words;
      const reached = Math.floor((settled * 4) / now.total);
      words.setAttribute("aria-live", reached > quarter ? "polite" : "off");
      quarter = reached;
    } catch (error) {
      // The next turn may find the server again.
    }
    setTimeout(ask, 1000);
  }

  setTimeout(ask, 1000);
}

runProgress();
