// One call of the `openai` package from npm, named by the first argument; prints what the caller got, as JSON.
// The address and the key come from OPENAI_BASE_URL and OPENAI_API_KEY, as a user of the package would set them.
import { createReadStream, readFileSync } from 'node:fs';
import OpenAI, { toFile } from 'openai';

const model = 'gpt-image-2-all';
const [scenario, path, maskPath] = process.argv.slice(2);
const client = new OpenAI({ maxRetries: 0 });
const file = (name) => toFile(readFileSync(path), name, { type: 'image/png' });

const scenarios = {
  generate: () =>
    client.images.generate({ model, prompt: 'a lighthouse', size: '2048x1152', quality: 'low', n: 2 }),
  editFile: async () =>
    client.images.edit({ model, prompt: 'x', image: await file('a.png'), size: '1536x1024', quality: 'low' }),
  // A stream has no length: it goes out in chunks, with text parts after it.
  editStream: () =>
    client.images.edit({ model, image: createReadStream(path), prompt: 'x', size: '1536x1024', quality: 'low' }),
  editMany: async () =>
    client.images.edit({
      model,
      mask: await toFile(readFileSync(maskPath), 'mask.png', { type: 'image/png' }),
      image: await Promise.all(Array.from({ length: 16 }, (_, index) => file(`${index}.png`))),
      prompt: 'x',
      size: '1024x1024',
      quality: 'low',
    }),
  models: () => client.models.list(),
  badSize: () => client.images.generate({ model, prompt: 'x', size: '1000x1000' }),
  noPicture: async () => client.images.edit({ model, prompt: 'x', image: await toFile(Buffer.from('x'), 'a.png') }),
  unknownModel: () => client.models.retrieve('no-such-model'),
  streamed: async () => {
    const events = [];
    for await (const event of await client.images.generate({ model, prompt: 'x', stream: true, partial_images: 2 })) {
      events.push(event);
    }
    return { events };
  },
  streamedEdit: async () => {
    const events = [];
    const image = [createReadStream(path)];
    for await (const event of await client.images.edit({ model, prompt: 'x', image, stream: true })) {
      events.push(event);
    }
    return { events };
  },
};

try {
  console.log(JSON.stringify({ answer: await scenarios[scenario]() }));
} catch (error) {
  const { status, message, param, code, type, requestID } = error;
  console.log(JSON.stringify({ error: { name: error.constructor.name, status, message, param, code, type, requestID } }));
}
