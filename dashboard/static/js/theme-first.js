// Runs before the page is painted, so that a chosen theme does not flash the other one first.
(() => {
  "use strict";
  try {
    const theme = localStorage.getItem("ladder-theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // storage may be forbidden; the system's theme it is
  }
})();
