import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';
import { attempts, counted, env, scenarios, thrown, waits } from './check.mjs';

const client = (apiKey, more) => new Anthropic({ apiKey, baseURL: env.BURSAR_URL, fetch: counted, ...more });
const open = client(env.KEY_OPEN);
const say = (content, more) => ({ model: 'claude', max_tokens: 50, messages: [{ role: 'user', content }], ...more });
const tools = [{ name: 'weather', input_schema: { type: 'object', properties: {} } }];

await scenarios({
  async message() {
    const answer = await open.messages.create(say('fake: prompt_tokens=7 completion_tokens=3'));
    assert.equal(answer.content[0].text.trim(), 'the the the');
    assert.deepEqual([answer.usage.input_tokens, answer.usage.output_tokens], [7, 3]);
  },
  async stream() {
    const answer = await open.messages.stream(say('fake: prompt_tokens=7 completion_tokens=3')).finalMessage();
    assert.equal(answer.content[0].text.trim(), 'the the the');
    assert.equal(answer.usage.output_tokens, 3);
  },
  async tools() {
    const answer = await open.messages.create(say('fake: tool_calls=1', { tools }));
    assert.equal(answer.content.find((block) => block.type === 'tool_use').name, 'weather');
  },
  async 'counted tokens'() {
    const { model, messages } = say('hello');
    assert.ok((await open.messages.countTokens({ model, messages })).input_tokens > 0);
  },
  async 'an unknown key is an AuthenticationError'() {
    assert.ok((await thrown(client('sk-nobody').messages.create(say('hi')))) instanceof Anthropic.AuthenticationError);
    assert.equal(attempts.length, 1);
  },
  async 'a rate limit is retried after the time it names, and then a RateLimitError'() {
    const once = client(env.KEY_ONCE, { maxRetries: 2 });
    await once.messages.create(say('hi'));
    attempts.length = 0;
    const error = await thrown(once.messages.create(say('hi')));
    assert.ok(error instanceof Anthropic.RateLimitError, String(error));
    assert.deepEqual(attempts.map((attempt) => attempt.status), [429, 429, 429]);
    assert.deepEqual(waits, attempts.slice(0, 2).map((attempt) => attempt.retryAfterMS));
  },
  async 'an exhausted budget is a billing error and is not retried'() {
    const error = await thrown(client(env.KEY_BROKE, { maxRetries: 5 }).messages.create(say('hi')));
    assert.equal(error.status, 402, String(error));
    assert.match(error.message, /budget/i);
    assert.equal(attempts.length, 1);
  },
  async 'a model that the key may not use is a NotFoundError'() {
    const error = await thrown(client(env.KEY_OTHER, { maxRetries: 5 }).messages.create(say('hi')));
    assert.ok(error instanceof Anthropic.NotFoundError, String(error));
    assert.equal(attempts.length, 1);
  },
});
