package supervised

import (
	"errors"
	"fmt"
	"slices"
)

// likeFields gives the columns of Like their types and leaves out those that are neither there nor have
// another role.
func (o CSVOptions) likeFields(fields []*field) error {
	if o.Target != "" || o.Classify || o.Categorical != nil || o.Ignore != nil {
		return fmt.Errorf("%w: Like is given together with Target, Classify, Categorical or Ignore", ErrOptions)
	}
	if err := o.Like.validate(); err != nil {
		return err
	}
	wanted := make(map[string]*Column, len(o.Like.Columns))
	for j := range o.Like.Columns {
		wanted[o.Like.Columns[j].Name] = &o.Like.Columns[j]
	}
	var errs []error
	target := false
	for _, f := range fields {
		c := wanted[f.name]
		delete(wanted, f.name)
		extra := f.name == o.Weight || f.name == o.Group || f.name == o.Time || f.name == o.Known
		switch {
		case f.name == o.Like.Target && c == nil:
			target = true
			f.role = isTarget
			if o.Like.Classes != nil {
				f.coded = true
				f.give(o.Like.Classes, false)
			}
		case c == nil && !extra:
			f.role = isIgnored
		case c != nil && (extra || f.name == o.Like.Target):
			errs = append(errs, fmt.Errorf("%w: column %q has two roles", ErrOptions, f.name))
		case c != nil && c.Kind == Categorical:
			f.coded = true
			f.give(c.Levels, o.UnknownMissing)
		}
	}
	if !target {
		errs = append(errs, fmt.Errorf("%w: %q", ErrNoSuchColumn, o.Like.Target))
	}
	for _, c := range o.Like.Columns {
		if wanted[c.Name] != nil {
			errs = append(errs, fmt.Errorf("%w: %q", ErrNoSuchColumn, c.Name))
		}
	}
	return errors.Join(errs...)
}

// ordered returns the fields in the order of Like, which need not be that of the file.
func (o CSVOptions) ordered(fields []*field) []*field {
	if o.Like == nil {
		return fields
	}
	place := make(map[string]int, len(o.Like.Columns))
	for j, c := range o.Like.Columns {
		place[c.Name] = j + 1
	}
	slices.SortStableFunc(fields, func(a, b *field) int { return place[a.name] - place[b.name] })
	return fields
}
