import { useEffect, useSyncExternalStore } from 'react';

const storageKey = 'lifeboat-shortcuts';
const listeners = new Set<() => void>();
const isOn = (): boolean => localStorage.getItem(storageKey) !== 'off';

/** Whether single keys act; they can be switched off, since speech input may press them by accident. */
export function useShortcutsOn(): readonly [boolean, (on: boolean) => void] {
  const on = useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, isOn);
  return [on, setShortcutsOn];
}

function setShortcutsOn(on: boolean): void {
  localStorage.setItem(storageKey, on ? 'on' : 'off');
  for (const listener of listeners) listener();
}

/** Calls `act` when `key` is pressed alone and outside of fields, menus and dialogs. */
export function useShortcut(key: string, act: () => void): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== key || event.ctrlKey || event.metaKey || event.defaultPrevented || !isOn() || isTyping(event.target)) return;
      event.preventDefault();
      act();
    };
    document.addEventListener('keydown', onKey);
    return () => { document.removeEventListener('keydown', onKey); };
  }, [key, act]);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.closest('input, textarea, select, [role="dialog"], [role="listbox"]') !== null);
}
