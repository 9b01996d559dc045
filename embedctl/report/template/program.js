"use strict";
// Draws each figure, and again where its switch is moved; the library does the drawing.
(() => {
  const charts = JSON.parse(document.getElementById("charts").textContent);
  const legendWidth = 270;

  async function draw(figure, which) {
    const { variants, rows } = charts.figures[figure.id];
    const place = figure.querySelector(".chart");
    const wide = Math.max(1, Math.floor(place.clientWidth / legendWidth));
    const legend = { ...charts.config.legend, columns: wide };
    const drawn = await vegaEmbed(place, variants[which], {
      actions: false,
      ast: true,
      config: { ...charts.config, legend },
      defaultStyle: false,
      renderer: "svg",
      tooltip: { disableDefaultStyle: true },
      patch: (spec) => {
        spec.data.find((one) => one.name === charts.data).values = rows;
        return spec;
      },
    });
    figure.dataset.drawn = which;
    return drawn;
  }

  for (const figure of document.querySelectorAll("figure")) {
    let drawing = draw(figure, 0);
    figure.addEventListener("change", (event) => {
      drawing = drawing.then((last) => (last.finalize(), draw(figure, Number(event.target.value))));
    });
  }

  document.getElementById("theme").addEventListener("change", (event) => {
    document.documentElement.dataset.theme = event.target.value;
  });
})();
