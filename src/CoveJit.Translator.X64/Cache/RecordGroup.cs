namespace CoveJit.Translator.X64.Cache;

/// <summary>Records that lie behind each other in memory, up to the first place where there is none.</summary>
/// <param name="start">The first.</param>
/// <param name="end">Their end.</param>
internal readonly unsafe ref struct RecordGroup(byte* start, byte* end)
{
    /// <summary>Goes through the addresses of the records.</summary>
    public Enumerator GetEnumerator() => new(start, end);

    /// <summary>A place in a group.</summary>
    public ref struct Enumerator(byte* start, byte* end)
    {
        private byte* _next = start;
        private byte* _current;

        /// <summary>Address of the current record.</summary>
        public readonly nint Current => (nint)_current;

        /// <summary>Goes to the next record, if there is one.</summary>
        public bool MoveNext()
        {
            BlockRecord* record = BlockRecord.At(_next, end);
            _current = _next;
            if (record == null)
            {
                return false;
            }

            _next += record->Size;
            return true;
        }
    }
}
