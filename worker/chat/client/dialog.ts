import { parts } from "./parts.ts";

const {
  dialog,
  dialogTitle,
  dialogText,
  dialogField,
  dialogInput,
  dialogCheck,
  dialogBox,
  dialogBoxText,
  dialogYes,
} = parts;

export interface Question {
  readonly title: string;
  readonly text?: string;
  /** What the button says that agrees. */
  readonly yes: string;
  /** A text to change. */
  readonly field?: string;
  /** Something to agree to besides. */
  readonly check?: string;
}

/** Asks in a dialog; gives nothing where it was left by Cancel or Esc. */
export function askPerson(question: Question): Promise<{ field: string; check: boolean } | undefined> {
  const { title, text = "", yes, field, check } = question;
  dialogTitle.textContent = title;
  dialogText.textContent = text;
  dialogField.hidden = field === undefined;
  dialogInput.disabled = field === undefined;
  dialogInput.value = field ?? "";
  dialogCheck.hidden = check === undefined;
  dialogBox.checked = false;
  dialogBoxText.textContent = check ?? "";
  dialogYes.textContent = yes;
  dialog.returnValue = "";
  dialog.showModal();
  if (field === undefined) dialogYes.focus();
  else dialogInput.select();
  return new Promise((resolve) => {
    dialog.addEventListener(
      "close",
      () =>
        resolve(
          dialog.returnValue === "yes"
            ? { field: dialogInput.value.trim(), check: dialogBox.checked }
            : undefined,
        ),
      { once: true },
    );
  });
}

// Enter in the field means yes; the form's first button, which a browser would press, is Cancel.
dialogInput.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing) return;
  event.preventDefault();
  dialog.close("yes");
});
