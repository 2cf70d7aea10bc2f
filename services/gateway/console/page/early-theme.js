// Before anything is painted, so that nobody sees the other theme flash by. Not a module: those wait for the page.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem('sluice-theme');
  } catch {
    // A browser that keeps nothing shows the system's theme.
  }
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
})();
