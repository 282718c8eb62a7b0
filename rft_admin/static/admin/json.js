/* While one types JSON: whether it is, and where not. The server has the last word. */

function place(text, message) {
  const told = /line (\d+) column (\d+)/.exec(message);
  if (told) return "line " + told[1] + ", column " + told[2];
  const found = /position (\d+)/.exec(message);
  if (!found) return "";
  const before = text.slice(0, Number(found[1])).split("\n");
  return "line " + before.length + ", column " + (before[before.length - 1].length + 1);
}

document.querySelectorAll("textarea.code").forEach(function (area) {
  const note = document.createElement("p");
  let timer = 0;
  note.className = "hint";
  note.setAttribute("role", "status");
  area.after(note);
  area.addEventListener("input", function () {
    clearTimeout(timer);
    timer = setTimeout(function () {
      let words = "";
      try {
        if (area.value.trim()) JSON.parse(area.value);
      } catch (error) {
        const where = place(area.value, error.message);
        words = "Not JSON yet" + (where ? ": look at " + where : "") + ".";
      }
      note.textContent = words;
      note.classList.toggle("fault", words !== "");
    }, 400);
  });
});
