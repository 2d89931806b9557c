import { seconds } from '@lifeboat/model';
import { useEffect, useRef, useState } from 'react';

const speakEveryMs = seconds(10);

/** Tells a screen reader what changed on the page, politely and at most every ten seconds. What the page opens with is not repeated. */
export function Announcement({ text }: Readonly<{ text: string }>) {
  const [spoken, setSpoken] = useState('');
  const first = useRef(text);
  const spokenAtMs = useRef(0);
  useEffect(() => {
    if (text === first.current) return undefined;
    const timer = setTimeout(() => {
      spokenAtMs.current = Date.now();
      first.current = '';
      setSpoken(text);
    }, Math.max(0, spokenAtMs.current + speakEveryMs - Date.now()));
    return () => { clearTimeout(timer); };
  }, [text]);
  return (
    <p className="unseen" aria-live="polite">
      {spoken}
    </p>
  );
}
