// What an element shows of an address of the service.
import { useEffect, useState } from "./dom.js";
import { blob, hasKey } from "./api.js";

/** The address itself, or where a key is needed, the content fetched with it, for elements send none. */
export function useSource(address) {
  const [source, setSource] = useState(hasKey() ? undefined : address);
  useEffect(() => {
    if (!hasKey()) {
      setSource(address);
      return undefined;
    }
    const own = new AbortController();
    let made;
    blob(address, own.signal).then((content) => {
      made = URL.createObjectURL(content);
      setSource(made);
    }).catch(() => own.signal.aborted || setSource("data:,"));
    return () => {
      own.abort();
      if (made) URL.revokeObjectURL(made);
    };
  }, [address]);
  return source;
}
