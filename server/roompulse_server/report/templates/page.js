// Everything can be read without this script. It adds a choice of theme, and a cursor through time: the numbers that
// it shows are those of the table behind the picture.
"use strict";
(() => {
  const root = document.documentElement;

  const themes = document.getElementById("themes");
  themes.hidden = false;
  themes.addEventListener("change", (event) => {
    root.dataset.theme = event.target.value;
  });

  const rows = document.querySelectorAll("#numbers-time tbody tr");
  const cursor = document.getElementById("cursor");
  if (!cursor || rows.length < 2) return;
  const slider = cursor.querySelector("input");
  const now = cursor.querySelector("output");
  const lines = document.querySelectorAll("line.cursor");
  const average = document.querySelectorAll("#numbers-time thead th")[1].textContent;
  const values = document.querySelectorAll("[data-column]");
  slider.max = String(rows.length - 1);
  cursor.hidden = false;

  const show = (index) => {
    const cells = rows[index].cells;
    const text = (column) => cells[column].textContent;
    const share = `${(100 * (index + 0.5)) / rows.length}%`;
    for (const line of lines) {
      line.setAttribute("x1", share);
      line.setAttribute("x2", share);
    }
    root.classList.add("at");
    now.textContent = `${text(0)}: ${average} ${text(1)}, ${text(2)} of ${text(3)} seen`;
    slider.setAttribute("aria-valuetext", now.textContent);
    for (const value of values) value.textContent = `${text(Number(value.dataset.column))} at ${text(0)}`;
  };
  slider.addEventListener("input", () => show(Number(slider.value)));

  for (const plot of document.querySelectorAll("svg.over-time")) {
    plot.addEventListener("pointermove", (event) => {
      const box = plot.getBoundingClientRect();
      const share = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 0.9999);
      slider.value = String(Math.floor(share * rows.length));
      show(Number(slider.value));
    });
  }
})();
