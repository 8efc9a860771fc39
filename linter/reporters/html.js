(() => {
  "use strict";
  const form = document.getElementById("filters");
  if (form) {
    const findings = Array.from(document.querySelectorAll("#findings .findings > li"));
    const texts = findings.map((one) => one.textContent.toLowerCase());
    const count = document.getElementById("count");
    const show = () => {
      const levels = new Set(Array.from(form.querySelectorAll("[name=severity]:checked"), (box) => box.value));
      const words = form.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      findings.forEach((one, index) => {
        const data = one.dataset;
        const fits = levels.has(data.severity)
          && ["file", "category", "rule"].every((name) => !form.elements[name].value || form.elements[name].value === data[name])
          && words.every((word) => texts[index].includes(word));
        one.hidden = !fits;
        shown += fits ? 1 : 0;
      });
      document.querySelectorAll("#findings .file").forEach((one) => { one.hidden = !one.querySelector(".findings > li:not([hidden])"); });
      count.textContent = shown === findings.length
        ? `All ${findings.length} findings are shown.` : `${shown} of ${findings.length} findings are shown.`;
    };
    form.addEventListener("input", show);
    form.addEventListener("reset", () => setTimeout(show));
    form.addEventListener("submit", (event) => event.preventDefault());
    form.hidden = false;
    show();
  }
  const choice = document.getElementById("rule-filters");
  if (choice) {
    const rows = Array.from(document.querySelectorAll("#rules tbody tr"));
    const show = () => {
      const status = choice.elements.status.value;
      const words = choice.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
      rows.forEach((row) => {
        const text = row.textContent.toLowerCase();
        const found = Array.from(row.querySelectorAll("[data-status]"), (one) => one.dataset.status);
        row.hidden = (status && !found.includes(status)) || !words.every((word) => text.includes(word));
      });
    };
    choice.addEventListener("input", show);
    choice.addEventListener("submit", (event) => event.preventDefault());
    choice.hidden = false;
    show();
  }
  const open = () => {
    const target = location.hash ? document.getElementById(location.hash.slice(1)) : null;
    const details = target ? target.closest("details") : null;
    if (details) {
      details.open = true;
      target.scrollIntoView();
    }
  };
  addEventListener("hashchange", open);
  open();
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((one) => { one.open = true; }));
})();
