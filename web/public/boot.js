// Sets theme, text size and density before the first paint. Same key as src/store/preferences.ts.
(() => {
  let stored = {};
  try {
    stored = JSON.parse(localStorage.getItem('intramuros.preferences') ?? '{}') ?? {};
  } catch {
    // unreadable: the defaults hold
  }
  const root = document.documentElement;
  root.dataset.theme = stored.theme ?? 'system';
  root.dataset.text = stored.textSize ?? 'medium';
  root.dataset.density = stored.density ?? 'comfortable';
})();
