#include "consensus/script/find_and_delete.h"

#include "cairn/primitives/script.h"

namespace cairn::consensus {

bool FindAndDelete(ByteSpan script, ByteSpan data, Bytes& kept) {
  const Bytes pattern = ScriptBuilder().Push(data).Take();
  bool found = false;
  size_t at = 0;         // where an opcode begins
  size_t kept_from = 0;  // what lies before is copied or cut
  while (true) {
    while (script.size() - at >= pattern.size() &&
           Equal(script.subspan(at, pattern.size()), pattern)) {
      Append(kept, script.subspan(kept_from, at - kept_from));
      at += pattern.size();
      kept_from = at;
      found = true;
    }
    if (at == script.size()) break;
    ScriptCursor cursor(script.subspan(at));
    ScriptElement element;
    if (!cursor.Next(element)) break;  // a malformed push: the rest stays as it is
    at += cursor.Position();
  }
  if (found) Append(kept, script.subspan(kept_from));
  return found;
}

}  // namespace cairn::consensus
