import { useEffect, useRef, useState } from 'preact/hooks';
import { useStore } from './hooks.js';
import { html } from './html.js';
import { Failed, Loading } from './parts.js';
import { createStore } from './store.js';
import { tell } from './toast.js';

const asked = createStore(null);

/**
 * Asks before something is changed, and shows what it will do.
 * @param {{
 *   title: string,
 *   preview: () => Promise<any>,
 *   action: string,
 *   run: (values: Record<string, string>) => Promise<string>,
 *   danger?: boolean,
 *   fields?: { name: string, label: string, hint?: string, required?: boolean }[],
 * }} question `preview` makes what is shown: a dry run, mostly; `run` does it, and says what was done
 */
export function confirm(question) {
  asked.set(question);
}

/** Where it is asked. */
export function Dialogs() {
  const question = useStore(asked);
  return question === null ? null : html`<${Question} key=${question.title} question=${question} close=${() => asked.set(null)} />`;
}

function Question({ question, close }) {
  const { title, preview, action, run, danger = false, fields = [] } = question;
  const dialog = useRef(null);
  const [shown, setShown] = useState({ loading: true });
  const [values, setValues] = useState({});
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState();
  useEffect(() => {
    let gone = false;
    const before = document.activeElement;
    dialog.current?.showModal();
    preview().then((content) => !gone && setShown({ content }), (fault) => !gone && setShown({ error: fault }));
    return () => {
      gone = true;
      before?.focus?.();
    };
  }, []);
  const missing = fields.some(({ name, required }) => required && !(values[name] ?? '').trim());
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      tell(await run(values));
      close();
    } catch (fault) {
      setError(fault);
      setBusy(false);
    }
  };
  return html`<dialog ref=${dialog} aria-labelledby="dialog-title" onClose=${close}>
    <form onSubmit=${submit}>
      <h2 id="dialog-title">${title}</h2>
      <div class="preview">
        ${shown.loading && html`<${Loading} lines=${2} what="Looking what this would do" />`}
        ${shown.error && html`<${Failed} error=${shown.error} />`}
        ${shown.content}
      </div>
      ${shown.content !== undefined && fields.map(({ name, label, hint, required }) => html`<label key=${name} class="field"><span>${label}${required ? '' : html` <span class="quiet">(optional)</span>`}</span>
        <input type="text" maxlength="500" autocomplete="off" value=${values[name] ?? ''} required=${required === true} placeholder=${hint ?? ''} onInput=${(event) => setValues({ ...values, [name]: event.target.value })} /></label>`)}
      ${error && html`<${Failed} error=${error} />`}
      <div class="buttons">
        <button type="button" autofocus onClick=${close}>Leave it</button>
        <button type="submit" class=${danger ? 'danger' : 'primary'} disabled=${busy || missing || shown.content === undefined}>${busy ? 'Doing it…' : action}</button>
      </div>
    </form>
  </dialog>`;
}
