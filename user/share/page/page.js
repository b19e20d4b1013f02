// SPDX-License-Identifier: GPL-2.0-only
// Asks for the state every other second and shows it. Everything is text to this page: nothing of it becomes markup.
'use strict';

const PERIOD = 2000;
const SVG = 'http://www.w3.org/2000/svg';
const hooks = new Map(); // what was last seen of each hook, for rates of the moment
const cards = new Map(); // the elements of each attachment
let answered = 0;

const byId = (id) => document.getElementById(id);

function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  Object.assign(made, properties);
  made.append(...children);
  return made;
}

// 1234567 is "1.23 M": short enough for a phone, exact enough to compare.
function amount(value) {
  for (const [size, unit] of [[1e12, ' T'], [1e9, ' G'], [1e6, ' M'], [1e4, ' k']]) {
    if (value >= size) {
      const shown = value / (unit === ' k' ? 1e3 : size);
      return shown.toLocaleString('en', {maximumSignificantDigits: 3}) + unit;
    }
  }
  return value.toLocaleString('en', {maximumFractionDigits: value < 10 ? 1 : 0});
}

function duration(milliseconds) {
  const seconds = Math.round(milliseconds / 1000);
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}

// --- Rates -----------------------------------------------------------------------------------------------------

// Packets a second between one moment and the next: [{ago, passed, dropped, would_drop}], oldest first.
function ratesOf(hook) {
  const last = hook.history;
  const moments = last.ago.map((ago, i) =>
    ({ago, passed: last.passed[i], dropped: last.dropped[i], would_drop: last.would_drop[i]}));
  moments.push({ago: 0, passed: hook.passed, dropped: hook.dropped, would_drop: hook.would_drop});
  const rates = [];
  for (let i = 1; i < moments.length; i++) {
    const seconds = (moments[i - 1].ago - moments[i].ago) / 1000;
    if (seconds < 1) {
      continue;
    }
    const rate = {ago: moments[i].ago};
    for (const what of ['passed', 'dropped', 'would_drop']) {
      rate[what] = Math.max(0, moments[i][what] - moments[i - 1][what]) / seconds;
    }
    rates.push(rate);
  }
  return rates;
}

// Since this page last asked, or else since the last moment that the exporter remembers. By the exporter's clock.
function rateNow(key, time, hook, rates) {
  const before = hooks.get(key);
  let rate = rates.length ? rates[rates.length - 1] : {passed: 0, dropped: 0, would_drop: 0};
  if (before && time - before.time < 1000) {
    return before.rate;
  }
  if (before) {
    rate = {};
    for (const what of ['passed', 'dropped', 'would_drop']) {
      rate[what] = 1000 * Math.max(0, hook[what] - before.hook[what]) / (time - before.time);
    }
  }
  hooks.set(key, {time, hook, rate});
  return rate;
}

// --- Charts ----------------------------------------------------------------------------------------------------

function chart(rates, would) {
  const lines = [['passed', 'pass'], ['dropped', 'drop']].concat(would ? [['would_drop', 'would']] : []);
  const span = Math.max(60000, rates.length ? rates[0].ago : 0);
  const top = Math.max(1, ...rates.flatMap((rate) => lines.map(([what]) => rate[what])));
  const svg = document.createElementNS(SVG, 'svg');
  const said = [];
  svg.setAttribute('viewBox', '0 0 600 100');
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('role', 'img');
  for (const [what, name] of lines) {
    const line = document.createElementNS(SVG, 'polyline');
    const most = Math.max(0, ...rates.map((rate) => rate[what]));
    line.setAttribute('class', name);
    line.setAttribute('points', rates.map((rate) =>
      `${(600 * (1 - rate.ago / span)).toFixed(1)},${(98 - 94 * rate[what] / top).toFixed(1)}`).join(' '));
    svg.append(line);
    said.push(`${what.replace('_', ' ')} at most ${amount(most)} packets a second`);
  }
  svg.setAttribute('aria-label', `The last ${duration(span)}: ${said.join(', ')}.`);
  const legend = element('figcaption', {}, `up to ${amount(top)}/s, last ${duration(span)}`);
  legend.append(element('span', {className: 'pass', textContent: '— passed'}),
    element('span', {className: 'drop', textContent: '-- dropped'}));
  if (would) {
    legend.append(element('span', {className: 'would', textContent: '·· would drop'}));
  }
  return element('figure', {}, svg, legend);
}

// --- Parts of an attachment ------------------------------------------------------------------------------------

function notices(one) {
  const list = [];
  const say = (text) => list.push(element('p', {className: 'notice', textContent: text}));
  if (one.audit) {
    say('Audit: everything passes. What would be dropped is counted as “would drop”.');
  }
  if (one.trial_seconds) {
    say(`Trial: unless confirmed, the policy before this one returns in ${duration(1000 * one.trial_seconds)}.`);
  }
  if (one.fallback) {
    say('A trial ran out: the policy before it is in force again.');
  }
  if (one.shadow) {
    say('Shadow: a candidate is judged beside the policy in force; it decides nothing.');
  }
  return list;
}

function rateList(rate, hook, would) {
  const list = element('dl', {className: 'rates'});
  const add = (name, className, perSecond, total) => list.append(element('div', {},
    element('dt', {textContent: name}),
    element('dd', {className, textContent: `${amount(perSecond)}/s`}),
    element('dd', {className: 'total', textContent: `${amount(total)} in all`})));
  add('passed', 'pass', rate.passed, hook.passed);
  add('dropped', 'drop', rate.dropped, hook.dropped);
  if (would) {
    add('would drop', 'would', rate.would_drop, hook.would_drop);
  }
  return list;
}

// A table of [name, explanation, number…] rows, or nothing when there is none.
function table(title, heads, rows) {
  if (!rows.length) {
    return [];
  }
  const made = element('table', {}, element('caption', {textContent: title}));
  const cell = (name, text, number, scope) =>
    element(name, {textContent: text, className: number ? 'number' : '', ...(scope ? {scope} : {})});
  made.append(element('thead', {}, element('tr', {}, ...heads.map((head, i) => cell('th', head, i > 1, 'col')))),
    element('tbody', {}, ...rows.map((row) => element('tr', {}, ...row.map((value, i) =>
      i ? cell('td', i > 1 ? amount(value) : value, i > 1) : cell('th', value, false, 'row'))))));
  return [made];
}

function droppedTables(hook, would) {
  const numbers = (item) => (would ? [item.dropped, item.would_drop] : [item.dropped]);
  const heads = would ? ['dropped', 'would drop'] : ['dropped'];
  return [
    ...table('Most-dropped destination ports', ['port', 'why', ...heads], hook.ports.map((port) => [
      `${port.port}/${port.transport}`,
      port.row ? `not as row ${port.row} allows` : 'no row lists it',
      ...numbers(port)])),
    ...table('Ranges of the policy that drop', ['ports', 'why', ...heads], hook.ranges.map((range) => [
      `${range.range}/${range.transport}`,
      `not as a row with these ports of the ${range.end} allows`, ...numbers(range)])),
    ...table('Reasons', ['reason', 'meaning', ...heads], hook.reasons.map((reason) =>
      [reason.reason, reason.meaning, ...numbers(reason)])),
    ...table('Rows that pass most', ['row', 'printed in', 'packets'], hook.rows.map((row) =>
      [row.id, [row.source, row.override && `changed in ${row.override}`].filter(Boolean).join('; '), row.packets])),
  ];
}

function hookSection(key, time, one, hook) {
  const would = hook.would_drop > 0 || one.audit || (hook.hook === 'from-role' && one.egress === 'track');
  const rates = ratesOf(hook);
  const section = element('section', {}, element('h3', {
    textContent: hook.hook === 'to-role' ? 'To the role' : 'From the role'}));
  section.dataset.hook = hook.hook;
  if (hook.state === 'not-running') {
    section.append(element('p', {className: 'trouble', textContent: 'Not filtering: its program is gone.'}));
  }
  section.append(rateList(rateNow(key, time, hook, rates), hook, would), chart(rates, would),
    ...droppedTables(hook, would));
  return section;
}

function describe(one) {
  const parts = [one.pair && `in front of ${one.pair}`, one.role, one.edition, one.side, `${one.mode} mode`, `policy ${one.generation}`].filter(Boolean);
  if (one.flows !== null) {
    parts.push(`${amount(one.flows)} of ${amount(one.flow_capacity)} flows`);
  }
  return parts.join(' · ');
}

// --- The whole -------------------------------------------------------------------------------------------------

function showAttachment(time, one) {
  const key = `${one.netns || ''} ${one.interface}`;
  const card = cards.get(key) || element('article', {className: 'card'});
  const name = one.netns ? `${one.interface} (network namespace ${one.netns})` : one.interface;
  cards.set(key, card);
  card.dataset.interface = one.interface;
  card.replaceChildren(element('h2', {textContent: name}),
    element('div', {className: 'soft', textContent: describe(one)}), ...notices(one),
    element('div', {className: 'hooks'}, ...one.hooks.map((hook) => hookSection(`${key} ${hook.hook}`, time, one, hook))));
  return [key, card];
}

// What is there stays in place, so that nothing jumps under a reader's eyes; only what came and went moves.
function showAttachments(time, all) {
  const place = byId('attachments');
  const shown = new Map(all.map((one) => showAttachment(time, one)));
  for (const [key, card] of cards) {
    if (!shown.has(key)) {
      card.remove();
      cards.delete(key);
    }
  }
  [...shown.values()].forEach((card, i) => {
    if (place.children[i] !== card) {
      place.insertBefore(card, place.children[i] || null);
    }
  });
}

// Said aloud by a screen reader, and so only when it changes.
function showTroubles(sentences) {
  const place = byId('troubles');
  const text = sentences.join('\n');
  if (place.dataset.text !== text) {
    place.dataset.text = text;
    place.replaceChildren(...sentences.map((sentence) =>
      element('p', {className: 'trouble', textContent: sentence})));
  }
}

function say(text) {
  const place = byId('fresh');
  if (place.textContent !== text) {
    place.textContent = text;
  }
}

function show(state) {
  answered = Date.now();
  showTroubles(state.troubles);
  showAttachments(state.time, state.attachments);
  byId('nothing').hidden = state.attachments.length > 0 || state.troubles.length > 0;
  byId('version').textContent = `version ${state.version}`;
  say('up to date');
  byId('when').textContent = `· seen ${new Date().toLocaleTimeString()}`;
}

async function ask() {
  try {
    const answer = await fetch('state.json', {cache: 'no-store', signal: AbortSignal.timeout(5 * PERIOD)});
    if (!answer.ok) {
      throw new Error(answer.statusText);
    }
    show(await answer.json());
  } catch {
    say(answered ? `no answer for ${duration(Date.now() - answered)}: what is shown is old` : 'no answer yet');
  }
  setTimeout(ask, PERIOD);
}

ask();
