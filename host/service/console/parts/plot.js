// A plot over time. The library is loaded when the first one is shown.
import { html, useEffect, useRef } from '../html.js';

const HEIGHT = 200;
const COLOURS = ['#2f6fe0', '#2c9a54', '#c9781a', '#c43c3c', '#8457c9', '#1899a8', '#b0478d', '#7b8794'];

// `times` in seconds; `series` are `{label, values}`.
export function Plot({ title, times, series, unit }) {
  const place = useRef(null);
  const plot = useRef(null);
  const names = series.map((one) => one.label).join('\n');
  const data = [times, ...series.map((one) => one.values)];
  useEffect(() => {
    let isCurrent = true;
    let observer;
    const element = place.current;
    import('../vendor/uplot.js').then(({ default: uPlot }) => {
      if (!isCurrent) return;
      const colour = getComputedStyle(document.documentElement).color;
      const axis = { stroke: colour, grid: { stroke: '#8886', width: 1 }, ticks: { stroke: '#8886' } };
      const lines = series.map(({ label }, index) => ({ label, stroke: COLOURS[index % COLOURS.length], width: 2, spanGaps: true, value: (_, value) => (value === null || value === undefined ? '–' : `${Number(value.toPrecision(3))} ${unit}`) }));
      const options = { width: element.clientWidth || 600, height: HEIGHT, series: [{}, ...lines], axes: [axis, { ...axis, size: 70 }], scales: { y: { range: (_, low, high) => [0, high || 1] } } };
      plot.current = new uPlot(options, data, element);
      observer = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }));
      observer.observe(element);
    });
    return () => {
      isCurrent = false;
      observer?.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [names]);
  useEffect(() => plot.current?.setData(data), [times.length, times.at(-1)]);
  return html`<section class="card"><h2>${title}</h2><div class="plot" ref=${place} role="img" aria-label=${`${title} over time`}></div></section>`;
}
