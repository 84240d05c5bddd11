package scheduler

import (
	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
)

// This file writes and reads the decisions in a checkpoint: those open, those on their way to the
// learner, and the streams that they belong to.

// decisions is what a checkpoint says of them.
type decisions[S, O any] struct {
	ledger   *ledger
	ranked   *rankedLists
	queue    *queue
	episodes []*Episode[S, O]
	nameless uint64
}

// writeDecisions copies the decisions one by one while others are made and ended. The ledger comes
// before the queue: what is ended in between is found in both, and counts as open.
func (s *Scheduler[S, O]) writeDecisions(out *codec.Writer) {
	streams, nameless := s.holdEpisodes()
	defer func() {
		for _, ep := range streams {
			ep.mu.Unlock()
		}
	}()
	var records codec.Writer
	inLedger := make(map[uint64]bool)
	s.ledger.each(func(r *record) {
		inLedger[r.seq] = true
		writeRecord(&records, r)
		s.ranked.write(&records, r)
		s.ledger.publish(r)
	})
	out.Int(len(inLedger))
	out.Blob(records.Bytes())
	out.Uint64(s.ranked.next.Load())

	var finished codec.Writer
	n := 0
	s.queue.each(func(r *record) {
		if !inLedger[r.seq] {
			writeRecord(&finished, r)
			n++
		}
	})
	out.Int(n)
	out.Blob(finished.Bytes())

	out.Uint64(nameless)
	out.Int(len(streams))
	for _, ep := range streams {
		writeStream(out, &ep.stream)
		out.Uint64(ep.prev)
	}
}

// holdEpisodes locks every named episode that is not over, oldest first.
func (s *Scheduler[S, O]) holdEpisodes() (held []*Episode[S, O], nameless uint64) {
	var named []*Episode[S, O]
	s.episodes.mu.Lock()
	for _, id := range s.episodes.order {
		named = append(named, s.episodes.byID[id])
	}
	nameless = s.episodes.nameless
	s.episodes.mu.Unlock()
	for _, ep := range named {
		ep.mu.Lock()
		if ep.over {
			ep.mu.Unlock()
			continue
		}
		held = append(held, ep)
	}
	return held, nameless
}

// readDecisions reads what writeDecisions wrote; all seqs are below next.
func (s *Scheduler[S, O]) readDecisions(in *codec.Reader, next uint64) (decisions[S, O], error) {
	d := decisions[S, O]{ledger: newLedger(s.opt.MaxOpen), ranked: newRankedLists(s.opt.MaxRanked), queue: newQueue(s.opt.QueueLen)}
	records := func(take func(from *codec.Reader, r *record)) {
		n, from := in.Int(), codec.NewReader(in.Blob())
		for i := 0; i < n && from.Err() == nil; i++ {
			var r record
			if s.readRecord(from, &r); r.seq == 0 || r.seq >= next {
				from.Fail("decision %d of %d", r.seq, next)
			}
			if take(from, &r); from.Err() != nil {
				break
			}
		}
		if err := from.Close(); err != nil {
			in.Fail("%v", err)
		}
	}
	records(func(from *codec.Reader, r *record) {
		s.readRanked(from, r, d.ranked)
		slot := d.ledger.slot(r.seq)
		if d.ledger.words[slot].Load() != 0 {
			from.Fail("open decision %d does not fit MaxOpen %d", r.seq, s.opt.MaxOpen)
		}
		d.ledger.slots[slot] = *r
		d.ledger.publish(r)
	})
	d.ranked.next.Store(in.Uint64())
	records(func(from *codec.Reader, r *record) {
		if !r.settled || !r.linked || !r.learnable || !d.queue.push(r) {
			from.Fail("decision %d is not finished, or one more than QueueLen %d", r.seq, s.opt.QueueLen)
		}
	})
	s.readEpisodes(in, &d)
	return d, in.Close()
}

func (s *Scheduler[S, O]) readEpisodes(in *codec.Reader, d *decisions[S, O]) {
	d.nameless = in.Uint64()
	seen := map[uint64]bool{0: true} // 0 names none
	for range in.Count(streamSize + 8) {
		st := readStream(in)
		ep := &Episode[S, O]{
			s: s, stream: st, prev: in.Uint64(),
			credit: lepton.CreditOptions{ID: st.episode, Agent: st.agent, Gamma: st.gamma, Unit: st.unit},
		}
		if seen[st.episode] {
			in.Fail("episode %d stands there twice, or has no name", st.episode)
		}
		seen[st.episode] = true
		d.episodes = append(d.episodes, ep)
	}
}

// write writes the list of r, which is busy, if it is kept here.
func (l *rankedLists) write(out *codec.Writer, r *record) {
	if r.action >= 0 || r.obs.len() > 0 {
		out.Bool(false)
		return
	}
	list, at := l.claim(r.seq)
	if out.Bool(list != nil); list != nil {
		out.Int(at)
		writePacked(out, list)
		l.put(at, r.seq, open)
	}
}

func (s *Scheduler[S, O]) readRanked(in *codec.Reader, r *record, l *rankedLists) {
	if !in.Bool() {
		return
	}
	at := in.Int()
	if at < 0 || at >= len(l.words) || l.words[at].Load() != 0 {
		in.Fail("a ranked list at place %d of %d", at, len(l.words))
		return
	}
	readPacked(in, &l.lists[at])
	s.checkPacked(in, &l.lists[at])
	l.put(at, r.seq, open)
}
