/** 3-D Secure: the customer's bank asks, in a window of its own over the page. */

const CONTENT = `
  <style>
    dialog { color-scheme: light dark; box-sizing: border-box; width: min(27.5rem, calc(100vw - 2rem)); padding: 1.75rem;
      border: 0; border-radius: 1rem; background: Canvas; color: CanvasText; font: 1rem/1.5 system-ui, sans-serif;
      box-shadow: 0 1rem 3rem #0006; }
    dialog::backdrop { background: #000a; }
    h2 { margin: 0 0 .5rem; font-size: 1.2rem; line-height: 1.3; }
    p { margin: 0 0 1.25rem; }
    button { display: block; width: 100%; min-height: 2.9rem; margin-top: .6rem; border: 1px solid #8886; border-radius: .6rem;
      background: none; color: inherit; font: inherit; font-weight: 600; cursor: pointer; }
    button:first-of-type { background: #4b3fc4; border-color: transparent; color: #fff; }
    button:focus-visible { outline: 3px solid #7f73ff; outline-offset: 2px; }
    small { display: block; margin-top: 1rem; opacity: .75; }
  </style>
  <dialog aria-labelledby="title" aria-describedby="text">
    <h2 id="title">Is it you?</h2>
    <p id="text">Your bank wants to know that you are the one who pays with this card.</p>
    <button type="button" value="succeed">Yes, approve the payment</button>
    <button type="button" value="fail">No, refuse it</button>
    <small>The Stripe twin plays your bank.</small>
  </dialog>`;

/** Ask; answer "succeed" or "fail". Closing the window refuses. */
export function challenge() {
  const host = document.createElement("div");
  const root = host.attachShadow({ mode: "open" });
  root.innerHTML = CONTENT;
  document.body.append(host);
  const dialog = root.querySelector("dialog");
  return new Promise((resolve) => {
    for (const button of root.querySelectorAll("button"))
      button.addEventListener("click", () => dialog.close(button.value));
    dialog.addEventListener("close", () => {
      host.remove();
      resolve(dialog.returnValue || "fail");
    });
    dialog.showModal();
  });
}
