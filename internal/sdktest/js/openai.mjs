import assert from 'node:assert/strict';
import OpenAI from 'openai';
import { attempts, counted, env, scenarios, thrown, waits } from './check.mjs';

const client = (apiKey, more) => new OpenAI({ apiKey, baseURL: `${env.BURSAR_URL}/v1`, fetch: counted, ...more });
const open = client(env.KEY_OPEN);
const say = (content, more) => ({ model: 'gpt', messages: [{ role: 'user', content }], ...more });
const tools = [{ type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: {} } } }];

await scenarios({
  async chat() {
    const answer = await open.chat.completions.create(say('fake: prompt_tokens=7 completion_tokens=3'));
    assert.equal(answer.choices[0].message.content.trim(), 'the the the');
    assert.deepEqual([answer.usage.prompt_tokens, answer.usage.completion_tokens], [7, 3]);
  },
  async stream() {
    const stream = await open.chat.completions.create(
      say('fake: prompt_tokens=7 completion_tokens=3', { stream: true, stream_options: { include_usage: true } }));
    let text = '';
    let usage;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta?.content ?? '';
      usage = chunk.usage ?? usage;
    }
    assert.equal(text.trim(), 'the the the');
    assert.equal(usage.completion_tokens, 3);
  },
  async tools() {
    const answer = await open.chat.completions.create(say('fake: tool_calls=2', { tools }));
    assert.deepEqual(answer.choices[0].message.tool_calls.map((call) => call.function.name), ['weather', 'weather']);
  },
  async embeddings() {
    const answer = await open.embeddings.create({ model: 'gpt', input: 'hello', encoding_format: 'float' });
    assert.ok(answer.data[0].embedding.length > 0);
  },
  async responses() {
    const answer = await open.responses.create({ model: 'gpt', input: 'fake: completion_tokens=3' });
    assert.equal(answer.output_text.trim(), 'the the the');
  },
  async models() {
    const names = [];
    for await (const model of open.models.list()) names.push(model.id);
    assert.deepEqual(names.sort(), ['claude', 'gpt']);
  },
  async 'an unknown key is an AuthenticationError'() {
    assert.ok((await thrown(client('sk-nobody').chat.completions.create(say('hi')))) instanceof OpenAI.AuthenticationError);
    assert.equal(attempts.length, 1);
  },
  async 'an unknown model is a NotFoundError or a BadRequestError'() {
    const error = await thrown(open.chat.completions.create(say('hi', { model: 'no-such' })));
    assert.ok(error instanceof OpenAI.NotFoundError || error instanceof OpenAI.BadRequestError, String(error));
    assert.equal(attempts.length, 1);
  },
  async 'a wrong field is a BadRequestError'() {
    const error = await thrown(open.chat.completions.create(say('hi', { max_tokens: -1 })));
    assert.ok(error instanceof OpenAI.BadRequestError);
    assert.equal(error.param, 'max_tokens');
  },
  async 'a rate limit is retried after the time it names, and then a RateLimitError'() {
    const once = client(env.KEY_ONCE, { maxRetries: 2 });
    await once.chat.completions.create(say('hi'));
    attempts.length = 0;
    const error = await thrown(once.chat.completions.create(say('hi')));
    assert.ok(error instanceof OpenAI.RateLimitError, String(error));
    assert.deepEqual(attempts.map((attempt) => attempt.status), [429, 429, 429]);
    assert.deepEqual(waits, attempts.slice(0, 2).map((attempt) => attempt.retryAfterMS));
    assert.ok(waits[0] > 1_000, `told to wait ${waits[0]} ms`);
  },
  async 'an exhausted budget is a PermissionDeniedError and is not retried'() {
    const error = await thrown(client(env.KEY_BROKE, { maxRetries: 5 }).chat.completions.create(say('hi')));
    assert.ok(error instanceof OpenAI.PermissionDeniedError, String(error));
    assert.equal(error.headers.get('x-should-retry'), 'false');
    assert.match(error.message, /budget/i);
    assert.equal(error.error.reason, 'too_dear');
    assert.ok(error.error.may_cost_usd > error.error.left_usd);
    assert.equal(attempts.length, 1);
  },
  async 'an exhausted budget is a BadRequestError of responses and is not retried'() {
    const error = await thrown(client(env.KEY_BROKE, { maxRetries: 5 }).responses.create({ model: 'gpt', input: 'hi' }));
    assert.ok(error instanceof OpenAI.BadRequestError, String(error));
    assert.match(error.message, /budget/i);
    assert.equal(attempts.length, 1);
  },
  async 'a model that the key may not use is a NotFoundError'() {
    const error = await thrown(client(env.KEY_OTHER, { maxRetries: 5 }).chat.completions.create(say('hi')));
    assert.ok(error instanceof OpenAI.NotFoundError, String(error));
    assert.equal(error.code, 'model_not_found');
    assert.equal(attempts.length, 1);
  },
});
