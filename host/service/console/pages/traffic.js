// What is decided and refused, over the time that this page is open, and what was refused last.
import { html, useEffect, useState } from '../html.js';
import { get, path } from '../api.js';
import { useData } from '../data.js';
import { away } from '../connection.js';
import { href } from '../route.js';
import { session } from '../session.js';
import { parse, quantile } from '../parts/metrics.js';
import { Badge, Problem, Time } from '../parts/notice.js';
import { Plot } from '../parts/plot.js';
import { Recorded } from '../parts/recorded.js';
import { Table } from '../parts/table.js';

const EVERY = 2_000;
// Ten minutes.
const POINTS = 300;
// A number of each country is not known here: the link asks for one of these where the refusal says no more.
const EXAMPLES = { US: '+14155550123', CA: '+16045550123', GB: '+447400123456', DE: '+4915123456789', FR: '+33612345678' };

const sum = (samples) => (samples ?? []).reduce((all, one) => all + one.value, 0);

// How much each label of a counter grew in a second.
function growth(before, after, label, seconds) {
  const old = new Map((before ?? []).map((one) => [one[label], one.value]));
  return Object.fromEntries((after ?? []).map((one) => [one[label], Math.max(0, one.value - (old.get(one[label]) ?? 0)) / seconds]));
}

function useMetrics() {
  const [points, setPoints] = useState([]);
  useEffect(() => {
    let isCurrent = true;
    let before = null;
    const look = async () => {
      try {
        const now = { at: Date.now() / 1000, ...parse(await (await fetch('/metrics', { cache: 'no-store' })).text()) };
        // After a restart counters begin anew: that part of the time is left out.
        const isWhole = before && sum(now.callsign_decisions_total) >= sum(before.callsign_decisions_total);
        if (isWhole && isCurrent) {
          const seconds = now.at - before.at;
          const buckets = [before.callsign_decision_seconds_bucket, now.callsign_decision_seconds_bucket];
          const point = {
            at: now.at,
            steps: growth(before.callsign_decisions_total, now.callsign_decisions_total, 'step', seconds),
            codes: growth(before.callsign_refusals_total, now.callsign_refusals_total, 'code', seconds),
            half: quantile(...buckets, 0.5),
            most: quantile(...buckets, 0.99),
          };
          setPoints((all) => [...all, point].slice(-POINTS));
        }
        before = now;
      } catch {
        before = null;
        away.set(true);
      }
    };
    look();
    const timer = setInterval(() => document.visibilityState === 'visible' && !away.value && look(), EVERY);
    return () => {
      isCurrent = false;
      clearInterval(timer);
    };
  }, []);
  return points;
}

function Rates() {
  const points = useMetrics();
  const times = points.map((one) => one.at);
  const of = (name) => {
    const labels = [...new Set(points.flatMap((one) => Object.entries(one[name]).filter(([, value]) => value > 0).map(([label]) => label)))].sort();
    return (labels.length ? labels : ['none']).map((label) => ({ label, values: points.map((one) => one[name][label] ?? 0) }));
  };
  const micro = (value) => (value === null ? null : value * 1e6);
  if (points.length < 2) return html`<p class="quiet" role="status">Reading: the plots begin in ${(2 * EVERY) / 1000} seconds.</p>`;
  return html`<div class="cards">
    <${Plot} title="Decisions by step" unit="/s" times=${times} series=${of('steps')} />
    <${Plot} title="Refusals by code" unit="/s" times=${times} series=${of('codes')} />
    <${Plot} title="Time of a decision" unit="µs" times=${times} series=${[
      { label: 'half within', values: points.map((one) => micro(one.half)) },
      { label: '99 % within', values: points.map((one) => micro(one.most)) },
    ]} />
  </div>`;
}

function Refused() {
  const load = async (signal) => {
    const { results } = await get('/v1/coverage?size=1000', signal);
    return results.filter((one) => one.seen > 0).sort((a, b) => (a.lastSeen < b.lastSeen ? 1 : -1));
  };
  const { data, fault, reload } = useData(load, []);
  const again = (row) =>
    href('try', { applicationId: session.isTenant ? '' : row.applicationId, entityId: row.entityId, channels: row.channel, to: EXAMPLES[row.country], messageType: row.messageType });
  const columns = [
    { label: 'Last', cell: (row) => html`<${Time} at=${row.lastSeen} />` },
    { label: 'For', cell: (row) => (row.entityId ? `${row.applicationId} / ${row.entityId}` : row.applicationId) },
    { label: 'Over and to', cell: (row) => `${row.channel} ${row.country ?? 'every country'}` },
    { label: 'Refused with', cell: (row) => html`<${Badge} kind="bad">${row.lastRefusal ?? row.reason}<//>` },
    { label: 'Why', cell: (row) => row.reason },
    { label: 'Messages', class: 'number', cell: (row) => row.seen.toLocaleString() },
    { label: 'Try', cell: (row) => html`<a href=${again(row)}>try</a>` },
  ];
  return html`<section class="list"><h2>Refused since this node started</h2>
    <p>Messages that no sender could carry, and would not find one now either.</p>
    <${Problem} fault=${fault} retry=${reload} />
    ${data && html`<${Table} caption="Refused messages" columns=${columns} rows=${data} empty="None." />`}
  </section>`;
}

function Usage() {
  const { data, fault } = useData((signal) => get(path('/v1/usage'), signal), []);
  const columns = [
    { label: 'Budget', cell: (row) => row.name },
    { label: 'Used', class: 'number', cell: (row) => row.used.toLocaleString() },
    { label: 'Limit', class: 'number', cell: (row) => row.limit?.toLocaleString() ?? 'none' },
    { label: 'Refused', class: 'number', cell: (row) => row.refused.toLocaleString() },
  ];
  return html`<section class="list"><h2>Budgets</h2><${Problem} fault=${fault} />
    ${data && html`<${Table} caption="Budgets" columns=${columns} rows=${data.budgets} />`}</section>`;
}

// The metrics are of all tenants together, so a tenant is shown its budgets.
export default () => html`${session.isTenant ? html`<${Usage} />` : html`<${Rates} />`}<${Refused} /><${Recorded} />`;
