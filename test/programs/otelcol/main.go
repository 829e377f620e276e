// An OpenTelemetry collector for tests: the published otelcol core with its OTLP receiver, and an exporter
// that appends each request to a file before the receiver acknowledges it. Nothing buffers in between, so
// what a client was told has arrived is in the file, even if the collector is killed right after.
package main

import (
	"context"
	"errors"
	"log"
	"os"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/service/telemetry/otelconftelemetry"
)

type recorderConfig struct {
	// File to append to, one line of OTLP JSON for each request.
	Path string `mapstructure:"path"`
	// While this file is there requests are refused: for good if it reads "permanent".
	Refusal string `mapstructure:"refusal"`
}

func (config *recorderConfig) record(_ context.Context, metrics pmetric.Metrics) error {
	if reason, err := os.ReadFile(config.Refusal); err == nil {
		refused := errors.New("refused by the test")
		if string(reason) == "permanent" {
			return consumererror.NewPermanent(refused)
		}
		return refused
	}
	line, err := (&pmetric.JSONMarshaler{}).MarshalMetrics(metrics)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(config.Path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	_, err = file.Write(append(line, '\n'))
	return errors.Join(err, file.Close())
}

func createRecorder(ctx context.Context, set exporter.Settings, config component.Config) (exporter.Metrics, error) {
	return exporterhelper.NewMetrics(ctx, set, config, config.(*recorderConfig).record)
}

func components() (otelcol.Factories, error) {
	recorder := exporter.NewFactory(
		component.MustNewType("recorder"),
		func() component.Config { return &recorderConfig{} },
		exporter.WithMetrics(createRecorder, component.StabilityLevelDevelopment),
	)
	receivers, err := otelcol.MakeFactoryMap[receiver.Factory](otlpreceiver.NewFactory())
	if err != nil {
		return otelcol.Factories{}, err
	}
	exporters, err := otelcol.MakeFactoryMap[exporter.Factory](recorder)
	return otelcol.Factories{
		Receivers: receivers,
		Exporters: exporters,
		Telemetry: otelconftelemetry.NewFactory(),
	}, err
}

func main() {
	command := otelcol.NewCommand(otelcol.CollectorSettings{
		BuildInfo: component.BuildInfo{Command: "otelcol-of-tests", Version: "0.162.0"},
		Factories: components,
		ConfigProviderSettings: otelcol.ConfigProviderSettings{
			ResolverSettings: confmap.ResolverSettings{
				DefaultScheme:     "file",
				ProviderFactories: []confmap.ProviderFactory{fileprovider.NewFactory()},
			},
		},
	})
	if err := command.Execute(); err != nil {
		log.Fatal(err)
	}
}
