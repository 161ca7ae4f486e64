// Runs while the other modules are still loaded: the words of the page and its first answer are on their way by then.
import { search } from "./api.js";
import { PAGE, question } from "./question.js";
import { route } from "./route.js";
import { loadWords, warmUp } from "./words.js";

export const words = loadWords();
words.then(warmUp, () => {}); // told where it is awaited

const own = route();
let first = own.view || own.file ? null : asked(question(own));

function asked(body) {
  const answer = search({ ...body, limit: PAGE, offset: 0 });
  answer.catch(() => {}); // told to whoever takes it
  return { body: JSON.stringify(body), answer };
}

/** The answer to the question that the page was opened with, once; null to any other. */
export function takeFirst(body) {
  const taken = first?.body === JSON.stringify(body) ? first.answer : null;
  first = null;
  return taken;
}
