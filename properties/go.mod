module example.com/sluice/properties

go 1.26

require (
	example.com/sluice v0.0.0
	github.com/aws/aws-lambda-go v1.55.1
	pgregory.net/rapid v1.3.0
)

require (
	github.com/klauspost/compress v1.20.4 // indirect
	github.com/segmentio/asm v1.2.1 // indirect
	github.com/valyala/fastjson v1.6.10 // indirect
	golang.org/x/sys v0.46.0 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
)

replace example.com/sluice => ../
