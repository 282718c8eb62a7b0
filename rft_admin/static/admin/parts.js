/* The parts of a long form as tabs. Without this script they stand one below another. */

function partsAsTabs(bar) {
  const tabs = Array.from(bar.querySelectorAll("a"));
  const panels = tabs.map(function (tab) {
    return document.querySelector(tab.hash);
  });
  // What the browser's own search may still find; where it cannot, the part is hidden altogether.
  const hidden = "onbeforematch" in document.body ? "until-found" : "";

  function open(chosen) {
    tabs.forEach(function (tab, place) {
      const isOpen = place === chosen;
      tab.setAttribute("aria-selected", String(isOpen));
      tab.tabIndex = isOpen ? 0 : -1;
      if (isOpen) panels[place].removeAttribute("hidden");
      else panels[place].setAttribute("hidden", hidden);
    });
    bar.scrollTo({ left: tabs[chosen].offsetLeft - bar.offsetLeft - bar.clientWidth / 3 });
  }

  function choose(chosen, isFocused) {
    open(chosen);
    if (isFocused) tabs[chosen].focus();
    history.replaceState(history.state, "", tabs[chosen].hash);
  }

  function partOf(element) {
    return panels.findIndex(function (panel) {
      return panel.contains(element);
    });
  }

  // A fault's link, an address, a way back: whatever leads into a part opens it.
  function follow() {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    const part = target ? partOf(target) : -1;
    if (part < 0) return false;
    open(part);
    if (target !== panels[part]) target.focus();
    return true;
  }

  function mark(event) {
    const tab = tabs[partOf(event.target)];
    if (!tab || tab.querySelector(".changed")) return;
    const sign = document.createElement("span");
    const words = document.createElement("span");
    sign.className = "part-mark changed";
    words.className = "visually-hidden";
    words.textContent = " changed";
    sign.append("\u2022", words);
    tab.append(" ", sign);
  }

  bar.setAttribute("role", "tablist");
  tabs.forEach(function (tab, place) {
    tab.id = panels[place].id + "-tab";
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", panels[place].id);
    panels[place].setAttribute("role", "tabpanel");
    panels[place].setAttribute("aria-labelledby", tab.id);
    panels[place].addEventListener("beforematch", function () {
      open(place);
    });
    tab.addEventListener("click", function (event) {
      event.preventDefault();
      choose(place, true);
    });
  });
  bar.addEventListener("keydown", function (event) {
    const here = tabs.indexOf(document.activeElement);
    const last = tabs.length - 1;
    const there = {
      ArrowRight: here === last ? 0 : here + 1,
      ArrowLeft: here === 0 ? last : here - 1,
      Home: 0,
      End: last,
    }[event.key];
    if (here < 0 || there === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    choose(there, true);
  });
  bar.closest("form").addEventListener("input", mark);
  bar.closest("form").addEventListener("change", mark);
  window.addEventListener("hashchange", follow);
  // The same fault's link once more changes no address.
  document.addEventListener("click", function (event) {
    const link = event.target.closest("a[href^='#']");
    if (link && !bar.contains(link) && link.hash === location.hash) follow();
  });

  // A refused form keeps its address, which tells where it was sent from.
  const faulty = tabs.findIndex(function (tab) {
    return tab.querySelector(".fault");
  });
  if (faulty >= 0) choose(faulty, false);
  else if (!follow()) open(0);
}

document.querySelectorAll("[data-parts]").forEach(partsAsTabs);
