package reward_test

import (
	"fmt"
	"time"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/reward"
)

// Done is what the embedder knows when a job has ended.
type Done struct {
	Wait, Run time.Duration
	Failed    bool
}

func ExampleFunc() {
	price := reward.Func[Done](func(d lepton.Decision, o Done) float64 { return -o.Wait.Seconds() })
	fmt.Println(price.Reward(lepton.Decision{}, Done{Wait: 90 * time.Second}))
	// Output: -90
}

func ExampleNewTerms() {
	price, err := reward.NewTerms(
		reward.Term[Done]{Name: "slowdown", Weight: 1, Value: reward.Slowdown(10,
			func(o Done) float64 { return o.Wait.Seconds() },
			func(o Done) float64 { return o.Run.Seconds() })},
		reward.Term[Done]{Name: "failure", Weight: -5, Value: reward.Of(func(o Done) float64 {
			if o.Failed {
				return 1
			}
			return 0
		})},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	o := Done{Wait: 30 * time.Second, Run: 20 * time.Second, Failed: true}
	fmt.Println(price.Reward(lepton.Decision{}, o))
	fmt.Println(price.AppendParts(nil, lepton.Decision{}, o))
	// Output:
	// -7.5
	// [{slowdown -2.5} {failure -5}]
}

func ExampleSum() {
	wait := reward.Of(func(o Done) float64 { return -o.Wait.Seconds() })
	run := reward.Of(func(o Done) float64 { return -o.Run.Seconds() })
	price := reward.Clip(-60, 0, reward.Sum(wait, reward.Times(0.5, run)))
	fmt.Println(price.Reward(lepton.Decision{}, Done{Wait: 10 * time.Second, Run: 8 * time.Second}))
	fmt.Println(price.Reward(lepton.Decision{}, Done{Wait: time.Hour}))
	// Output:
	// -14
	// -60
}
